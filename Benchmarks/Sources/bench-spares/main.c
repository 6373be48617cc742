// bench-spares: which order for the spare buffers? Every variant in turn within each round; medians and spread.
#include "spares.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct variant {
    enum spare_order order;
    uint32_t window;
};
static const struct variant variants[] = {
    {SPARE_STACK, 256}, {SPARE_BITMAP, 256}, {SPARE_STACK, 512}, {SPARE_BITMAP, 512}, {SPARE_FIFO, 0}};
enum { VARIANTS = 5, MOST_ROUNDS = 200 };
static const char *const modes[] = {"AF_UNIX, bundles", "TCP, bundles", "AF_UNIX, single", "TCP, single"};

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double part(double *values, int count, double share) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[(int)((count - 1) * share + 0.5)];
}

static void micro(int rounds, FILE *json) {
    printf("\nspare list alone, ns for one push and one pop, 32768 buffers, 256 of them out; median (p10-p90)\n");
    fprintf(json, "  \"micro\": [\n");
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        double samples[SPARE_ORDERS][MOST_ROUNDS];
        for (int round = -1; round < rounds; round++)
            for (int order = 0; order < SPARE_ORDERS; order++) {
                double ns = spares_micro((enum spare_order)order, shuffled, SPARES_MOST, 4 << 20);
                if (round >= 0) samples[order][round] = ns;
            }
        for (int order = 0; order < SPARE_ORDERS; order++) {
            double *v = samples[order];
            fprintf(json, "    {\"order\": \"%s\", \"shuffled\": %s, \"ns\": [", spare_names[order],
                shuffled ? "true" : "false");
            for (int i = 0; i < rounds; i++) fprintf(json, "%s%.3f", i ? ", " : "", v[i]);
            fprintf(json, "]}%s\n", shuffled && order + 1 == SPARE_ORDERS ? "" : ",");
            double p10 = part(v, rounds, 0.1), p50 = part(v, rounds, 0.5), p90 = part(v, rounds, 0.9);
            printf("  %-8s %-9s %5.2f (%.2f-%.2f)\n", spare_names[order], shuffled ? "shuffled" : "in order", p50, p10,
                p90);
        }
    }
    fprintf(json, "  ]\n");
}

int main(int argc, char **argv) {
    int rounds = 15, option;
    uint64_t megabytes = 1024;
    const char *path = "/dev/null";
    while ((option = getopt(argc, argv, "r:m:j:")) != -1) {
        if (option == 'r') rounds = atoi(optarg);
        else if (option == 'm') megabytes = strtoull(optarg, NULL, 10);
        else if (option == 'j') path = optarg;
        else return 64;
    }
    if (rounds < 3 || rounds > MOST_ROUNDS || megabytes == 0) {
        fprintf(stderr, "usage: bench-spares [-r ROUNDS 3-200] [-m MEGABYTES PER RUN] [-j JSON FILE]\n");
        return 64;
    }
    FILE *json = fopen(path, "w");
    if (json == NULL) {
        perror(path);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d rounds, %llu MiB per run, pool 32768 x 4 KiB; every word verified; median (p10-p90)\n", rounds,
        (unsigned long long)megabytes);
    fprintf(json, "{\n  \"transfers\": [\n");
    static struct transfer all[VARIANTS][MOST_ROUNDS];
    int first = 1;
    for (int mode = 0; mode < 4; mode++) {
        for (int round = -1; round < rounds; round++)
            for (int step = 0; step < VARIANTS; step++) {
                // Another one goes first in each round.
                int v = (step + round + 1) % VARIANTS;
                struct transfer t;
                if (receive_transfer(
                        mode & 1, mode < 2, variants[v].order, variants[v].window, megabytes << 20, &t)
                    < 0) {
                    fprintf(stderr, "error: %s, %s failed\n", modes[mode], spare_names[variants[v].order]);
                    return 1;
                }
                if (round < 0) continue;
                all[v][round] = t;
                fprintf(json,
                    "%s    {\"mode\": \"%s\", \"order\": \"%s\", \"window\": %u, \"gb_per_s\": %.4f, "
                    "\"receiver_cpu_s_per_gb\": %.4f, \"total_cpu_s_per_gb\": %.4f, \"resident_mb\": %.2f, "
                    "\"starvations\": %llu}",
                    first ? "" : ",\n", modes[mode], spare_names[variants[v].order], variants[v].window,
                    t.gigabytes_per_second, t.receiver_cpu_seconds_per_gigabyte, t.total_cpu_seconds_per_gigabyte,
                    t.resident_megabytes, (unsigned long long)t.starvations);
                first = 0;
            }
        printf("\n%-17s %-12s %-20s %-22s %-22s %8s %8s %8s %7s\n", modes[mode], "order", "GB/s", "receiver CPU-s/GB",
            "both sides CPU-s/GB", "MB res.", "buf/cqe", "adjacent", "starved");
        for (int v = 0; v < VARIANTS; v++) {
            double value[3][MOST_ROUNDS], resident[MOST_ROUNDS], share[MOST_ROUNDS], per[MOST_ROUNDS];
            uint64_t starved = 0;
            for (int i = 0; i < rounds; i++) {
                value[0][i] = all[v][i].gigabytes_per_second;
                value[1][i] = all[v][i].receiver_cpu_seconds_per_gigabyte;
                value[2][i] = all[v][i].total_cpu_seconds_per_gigabyte;
                resident[i] = all[v][i].resident_megabytes;
                per[i] = all[v][i].buffers_per_completion;
                share[i] = all[v][i].adjacent_share;
                starved += all[v][i].starvations;
            }
            char name[32], text[3][40];
            snprintf(name, sizeof name, variants[v].window ? "%s %u" : "%s, all", spare_names[variants[v].order],
                variants[v].window);
            for (int i = 0; i < 3; i++)
                snprintf(text[i], sizeof text[i], i == 0 ? "%.2f (%.2f-%.2f)" : "%.4f (%.4f-%.4f)",
                    part(value[i], rounds, 0.5), part(value[i], rounds, 0.1), part(value[i], rounds, 0.9));
            printf("%-17s %-12s %-20s %-22s %-22s %8.1f %8.1f %7.0f%% %7llu\n", "", name, text[0], text[1], text[2],
                part(resident, rounds, 0.5), part(per, rounds, 0.5), 100 * part(share, rounds, 0.5),
                (unsigned long long)starved);
        }
    }
    fprintf(json, "\n  ],\n");
    micro(rounds, json);
    fprintf(json, "}\n");
    fclose(json);
    return 0;
}
