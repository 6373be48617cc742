# What the two drivers share: processes with their CPU time and memory, statistics, samples on disk. Standard library only.

import atexit
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
running = []


def fail(message, code=1):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def need(tool, package):
    """The path of a tool, also from the places that are not in everybody's PATH."""
    path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        fail(f"{tool} is missing: apt-get install {package}", 2)
    return path


def build(directory, product):
    print(f"building {product} …", flush=True)
    done = subprocess.run(
        ["nice", "-n", "5", "swift", "build", "-c", "release", "--package-path", directory, "--product", product],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fail(f"{product} does not build:\n{done.stdout}")
    return os.path.join(directory, ".build", "release", product)


def cores():
    """The first and the last core that we may use: server and client."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        fail("two cores are needed: one for the server, one for the client")
    return allowed[0], allowed[-1]


def is_listening(port):
    """From the kernel's table: a probing connection would reach a proxy's upstream."""
    with open("/proc/net/tcp") as file:
        next(file)
        for line in file:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                return True
    return False


class Process:
    """A child on one core, stopped at the end whatever happens."""

    def __init__(self, name, arguments, core):
        self.name = name
        self.child = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        running.append(self)
        self.pid = self.child.pid

    def wait_for_port(self, port):
        for _ in range(200):
            if self.child.poll() is not None:
                fail(f"{self.name} ended with {self.child.returncode}: {self.child.stderr.read().decode()[:2000]}")
            if is_listening(port):
                return
            time.sleep(0.05)
        fail(f"{self.name} does not listen on port {port}")

    def pids(self):
        """The process and its children: nginx works in a child."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as file:
                return [self.pid] + [int(pid) for pid in file.read().split()]
        except OSError:
            return [self.pid]

    def cpu(self):
        """User and system seconds so far, of all threads. From the scheduler, in nanoseconds, not in ticks."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def memory(self):
        """Resident and peak kilobytes of the busiest process of the family."""
        best = (0, 0)
        for pid in self.pids():
            fields = {}
            with open(f"/proc/{pid}/status") as file:
                for line in file:
                    key, _, value = line.partition(":")
                    fields[key] = value.split()
            best = max(best, (int(fields["VmRSS"][0]), int(fields["VmHWM"][0])), key=lambda pair: pair[1])
        return best

    def stop(self):
        if self in running:
            running.remove(self)
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        if self.child.stderr:
            self.child.stderr.close()
        return self.child.returncode


def stop_all():
    for process in list(running):
        process.stop()


def install():
    """Everything that was started is stopped, also on Ctrl-C and on a plain kill."""
    atexit.register(stop_all)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_core(core, arguments, timeout):
    """Runs a client to its end and returns what it printed."""
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    try:
        out, errors = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        fail(f"{' '.join(arguments)} ended with {process.returncode}: {errors[:2000]}{out[-500:]}")
    return out


def part(values, share):
    ordered = sorted(values)
    return ordered[round((len(ordered) - 1) * share)]


def spread(values, digits=0):
    middle = statistics.median(values)
    return f"{middle:,.{digits}f} ({part(values, 0.1):,.{digits}f}–{part(values, 0.9):,.{digits}f})"


def ratio(ours, theirs):
    """Round by round, then the median: what disturbs both cancels out."""
    return statistics.median(a / b for a, b in zip(ours, theirs) if b > 0) if all(theirs) else float("nan")


def save(name, data):
    directory = os.path.join(HERE, "results")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json")
    with open(path, "w") as file:
        json.dump(data, file, indent=1)
    return os.path.relpath(path)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
