#include "cloop.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

struct cloop {
    struct io_uring ring;
};

struct cloop *cloop_create(void) {
    struct cloop *loop = malloc(sizeof *loop);
    if (loop == NULL) return NULL;
    if (io_uring_queue_init(64, &loop->ring, 0) == 0) return loop;
    free(loop);
    return NULL;
}

void cloop_destroy(struct cloop *loop) {
    io_uring_queue_exit(&loop->ring);
    free(loop);
}

int cloop_descriptor(const struct cloop *loop) { return loop->ring.ring_fd; }

void cloop_receive(struct cloop *loop, int socket, uint16_t bgid) {
    struct io_uring_sqe *request = io_uring_get_sqe(&loop->ring);
    io_uring_prep_recv_multishot(request, socket, NULL, 0, 0);
    request->flags |= IOSQE_BUFFER_SELECT;
    request->buf_group = bgid;
}

int cloop_next(struct cloop *loop, int32_t *result, uint32_t *flags) {
    struct io_uring_cqe *completion;
    int submitted = io_uring_submit(&loop->ring);
    if (submitted < 0) return submitted;
    int error = io_uring_wait_cqe(&loop->ring, &completion);
    if (error < 0) return error;
    *result = completion->res;
    *flags = completion->flags;
    io_uring_cqe_seen(&loop->ring, completion);
    return 0;
}
