"""The peers' processes as run.py sees them: started when they are first asked, killed when they do not answer in time,
and started anew for the next question."""

import gzip
import json
import os
import select
import struct
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PROGRAMS = {
    "torch": ("peer_torch.py", {}),
    "tensorflow": ("peer_keras.py", {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}),
    "jax": ("peer_keras.py", {"KERAS_BACKEND": "jax"}),
    "onnxruntime": ("peer_onnxruntime.py", {}),
    "openvino": ("peer_openvino.py", {}),
}
PACKAGES = {
    "torch": ["torch"], "tensorflow": ["keras", "tensorflow_cpu"], "jax": ["keras", "jax"],
    "onnxruntime": ["onnxruntime"], "openvino": ["openvino"],
}
PATIENCE = 90  # seconds beside those that the question itself says; the first use compiles


class Failure(Exception):
    pass


class Peers:
    def __init__(self, settings, work):
        self.settings, self.work = settings, work
        self.processes, self.missing = {}, {}

    def write_pictures(self, path, count):
        """The first test pictures as raw floats between 0 and 1, for our own program."""
        raw = gzip.open(f"{self.settings.data}/t10k-images-idx3-ubyte.gz").read(16 + 784 * count)[16:]
        path.write_bytes(struct.pack(f"{len(raw)}f", *(byte / 255 for byte in raw)))

    def start(self, worker):
        program, extra = PROGRAMS[worker]
        environment = {"TORCHINDUCTOR_CACHE_DIR": str(self.work / "inductor"), **os.environ, **extra,
                       "OMP_NUM_THREADS": str(self.settings.threads), "PYTHONDONTWRITEBYTECODE": "1",
                       "PYTHONWARNINGS": "ignore"}
        log = open(self.work / f"{worker}.log", "ab")
        self.processes[worker] = subprocess.Popen(
            [self.settings.python, FOLDER / program, self.settings.data, str(self.settings.threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=self.work,
        )
        log.close()

    def stop(self, worker):
        process = self.processes.pop(worker, None)
        if process:
            process.kill()
            process.wait()

    def ask(self, worker, question):
        """The answer; Failure when it is an error, the process dies, or the time is over."""
        if worker in self.missing:
            raise Failure(self.missing[worker])
        if worker not in self.processes:
            self.start(worker)
        process = self.processes[worker]
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer tells
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE + question.get("seconds", 0))
        line = process.stdout.readline() if ready else b""
        if not line:
            why = f"no answer within {PATIENCE} s" if not ready else self.last_words(worker)
            self.stop(worker)
            raise Failure(why)
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def last_words(self, worker):
        """Why a process ended; one that misses its library is not started again."""
        lines = (self.work / f"{worker}.log").read_text(errors="replace").strip().splitlines()
        why = lines[-1][:300] if lines else "it ended without a word"
        if "ModuleNotFoundError" in why:
            self.missing[worker] = why
        return why

    def versions(self):
        """Of the packages of the workers that run, and of Python."""
        names = sorted({name for worker in self.processes for name in PACKAGES[worker]})
        program = ("import importlib.metadata as m, json, platform, sys\n"
                   "print(json.dumps({'python': platform.python_version(), **{n: m.version(n) for n in sys.argv[1:]}}))")
        done = subprocess.run([self.settings.python, "-c", program, *names], capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def close(self):
        for worker in list(self.processes):
            self.stop(worker)
