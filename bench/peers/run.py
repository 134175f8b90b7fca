"""capas against its peers on this machine (make bench-peers): training and prediction of the same networks on MNIST,
in turn. Needs nothing but Python; the peers live in the environment that --python names.

    run.py [--networks NAME,...] [--rounds N] [--seconds S] [--minutes M] [--resume] ...

Each peer variant is first tried shortly; the two fastest then take turns with capas. The results are written after each
network to --out (JSON), --page and --picture; with --resume only those are measured that the file has not. A peer that
fails is left out with its reason. When --minutes are given, a network gets fewer rounds rather than more than its share,
and what is left when the time is up is left to --resume.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from peer_process import Failure, Peers
from report import draw, print_results, write_page

ROOT = Path(__file__).resolve().parents[2]
TRAINING = ("tf1-cnn mlp-2048 cnn-simple keras-cnn crash-mlp keras-mlp model1 model2-v1 model3 crash-bn crash-cnn "
            "bench/peers/no-zeros.yaml").split()
PREDICTION = "cnn-simple crash-mlp keras-mlp keras-cnn model2-v1".split()
BATCHES = (1, 128)
APPLICATIONS = {"resnet50": (1, 8), "mobilenetv2": (1,), "squeezenet": (1,)}  # networks by name, and their batches
FINALISTS = 2
QUALIFYING_SECONDS = 1.0


def training_variants(convolutional):
    """(name, worker, variant): what may win. Channels-last order is for convolutions; where a step is so short that
    Python counts, Keras may run sixteen in a call, and one thread may be better than several."""
    yield "PyTorch", "torch", {}
    yield "PyTorch, 1 thread", "torch", {"threads": 1}
    if convolutional:
        yield "PyTorch channels_last", "torch", {"channels_last": True}
        yield "PyTorch compiled", "torch", {"channels_last": True, "compiled": True}
    else:
        yield "PyTorch compiled", "torch", {"compiled": True}
    yield "Keras TensorFlow", "tensorflow", {"jit_compile": False}
    yield "Keras TensorFlow XLA", "tensorflow", {"jit_compile": True}
    yield "Keras JAX", "jax", {"jit_compile": True}
    if not convolutional:
        yield "Keras TensorFlow XLA, 16 steps", "tensorflow", {"jit_compile": True, "steps_per_execution": 16}
        yield "Keras JAX, 16 steps", "jax", {"jit_compile": True, "steps_per_execution": 16}


def prediction_variants(threads):
    yield f"ONNX Runtime, {threads} threads", "onnxruntime", {"threads": threads}
    if threads > 1:
        yield "ONNX Runtime, 1 thread", "onnxruntime", {"threads": 1}
    yield "OpenVINO", "openvino", {}
    yield "Keras predict", "tensorflow", {}


class Run:
    def __init__(self, settings):
        self.settings = settings
        self.work = Path(settings.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "CAPAS_THREADS": str(settings.threads)}
        self.peers = Peers(settings, self.work)
        self.began = time.monotonic()
        self.pictures = self.work / "pictures.f32"

    def ours(self, *words):
        """What a program of ours prints, as JSON."""
        done = subprocess.run(
            [str(word) for word in words], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=300, check=False,
        )
        if done.returncode != 0:
            raise Failure(f"{words[0]}: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout) if done.stdout.lstrip().startswith("{") else None

    def untrained(self, recipe):
        """The recipe's network with its first weights, as a file that Keras reads."""
        folder = self.work / "networks" / Path(recipe).stem
        self.ours(self.settings.capas, "train", recipe, "--set", "fit.epochs=0", "--set", "fit.steps=null", "--set",
                  "fit.callbacks=null", "--verbose", "0", "--fresh", "--out", folder)
        return folder / "model.keras"

    def application(self, name):
        """A network by name with random weights, as a file that Keras reads."""
        path = self.work / "networks" / f"{name}.keras"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.ours(self.settings.capas, "convert", name, path)
        return path

    def train_ours(self, recipe, seconds):
        answer = self.ours(
            self.settings.capas, "bench", recipe, "--set", "data.augment=null", "--train", "--json",
            "--threads", self.settings.threads, "--seconds", seconds,
        )
        return answer["networks"][0]

    def predict_ours(self, model, batch, seconds):
        pictures = [] if model.stem in APPLICATIONS else [self.pictures]
        return self.ours(self.settings.inference, model, batch, seconds, *pictures)

    def qualify(self, variants, request, kind):
        """Tries every variant shortly; {name: its worker, variant, and figure or failure}."""
        tried = {}
        for name, worker, variant in variants:
            tried[name] = {"worker": worker, "variant": variant}
            try:
                self.peers.ask(worker, {"do": "open", **request, "variant": variant})
                self.peers.ask(worker, {"do": kind, "seconds": 0.3})
                tried[name].update(self.peers.ask(worker, {"do": kind, "seconds": QUALIFYING_SECONDS}))
                text = in_words(kind, tried[name][FIGURES[kind]])
            except Failure as failure:
                tried[name]["failed"] = str(failure)
                text = f"left out: {failure}"
            print(f"  tried {name}: {text}", flush=True)
        return tried

    def rounds(self, share, measure):
        """Calls `measure` once a round, and stops early when the share of the time, in seconds, is used up."""
        began = time.monotonic()
        for done in range(self.settings.rounds):
            passed = time.monotonic() - began
            if done > 0 and passed * (done + 1) / done > share:
                print("  no more rounds: this network's share of the time is used up", flush=True)
                return
            measure()

    def share(self, left):
        """Seconds for the next one, when so many are left; none when the time is up."""
        if not self.settings.minutes:
            return float("inf")
        return (60 * self.settings.minutes - (time.monotonic() - self.began)) / left

    def turns(self, finalists, tried, request, kind, seconds, ours):
        """The rounds: for each side its figures, None where it failed; `ours` measures capas once."""
        figure = FIGURES[kind]
        sides = {"capas": [], **{finalist: [] for finalist in finalists}}

        def theirs(finalist):
            try:
                self.peers.ask(tried[finalist]["worker"], {"do": "open", **request, "variant": tried[finalist]["variant"]})
                return self.peers.ask(tried[finalist]["worker"], {"do": kind, "seconds": seconds})[figure]
            except Failure as failure:
                print(f"  {finalist} failed: {failure}", flush=True)
                return None

        def measure():
            sides["capas"].append(ours())
            for finalist in finalists:
                sides[finalist].append(theirs(finalist))
            texts = ", ".join(f"{side} {in_words(kind, values[-1])}" for side, values in sides.items())
            print(f"  round {len(sides['capas'])}: {texts}", flush=True)

        return sides, measure

    def training(self, recipe, left):
        began, share = time.monotonic(), self.share(left)
        first = self.train_ours(recipe, QUALIFYING_SECONDS)
        name, batch = first["name"], first["batch"]
        print(f"{name}: training, batch {batch}, {self.settings.threads} threads", flush=True)
        model = self.untrained(recipe)
        request = {"for": "training", "model": str(model), "batch": batch}
        tried = self.qualify(training_variants(is_convolutional(model)), request, "train")
        peaks = [first["peak_gflops"]]

        def ours():
            answer = self.train_ours(recipe, self.settings.seconds)
            peaks.append(answer["peak_gflops"])
            return answer["train_samples_per_second"]

        rates, measure = self.turns(best_of(tried, "train")[:FINALISTS], tried, request, "train",
                                    self.settings.seconds, ours)
        self.rounds(share - (time.monotonic() - began), measure)
        return {
            "network": name, "batch": batch, "training_flops": first["training_flops"], "peak_gflops": max(peaks),
            "samples_per_second": rates, "tried": without_how(tried),
        }

    def prediction(self, recipe, batch, left):
        began, share = time.monotonic(), self.share(left)
        name = Path(recipe).stem
        model = self.application(name) if name in APPLICATIONS else self.untrained(recipe)
        print(f"{name}: prediction, batch {batch}", flush=True)
        request = {"for": "prediction", "model": str(model), "batch": batch}
        seconds = min(self.settings.seconds, 1.0)
        tried = self.qualify(prediction_variants(self.settings.threads), request, "predict")
        best = best_of(tried, "predict")
        finalists = best[:FINALISTS]
        for library in ("ONNX Runtime", "OpenVINO", "Keras predict"):  # there are goals against these
            if not any(finalist.startswith(library) for finalist in finalists):
                finalists += [way for way in best if way.startswith(library)][:1]
        times, measure = self.turns(finalists, tried, request, "predict", seconds,
                                    lambda: self.predict_ours(model, batch, seconds)["seconds"])
        self.rounds(share - (time.monotonic() - began), measure)
        return {"network": name, "batch": batch, "seconds": times, "tried": without_how(tried)}


FIGURES = {"train": "rate", "predict": "seconds"}


def in_words(kind, value):
    if value is None:
        return "failed"
    return f"{value:.0f}/s" if kind == "train" else f"{1e6 * value:.0f} us"


def best_of(tried, kind):
    """The variants that work, the fastest first."""
    able = [name for name in tried if "failed" not in tried[name]]
    sign = -1 if kind == "train" else 1
    return sorted(able, key=lambda name: sign * tried[name][FIGURES[kind]])


def is_convolutional(model):
    with zipfile.ZipFile(model) as archive:
        return b'"Conv2D"' in archive.read("config.json")


def without_how(tried):
    keys = (*FIGURES.values(), "failed")
    return {name: {key: answer[key] for key in keys if key in answer} for name, answer in tried.items()}


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def write(path, results):
    """Beside, then renamed: a kill leaves the old file."""
    beside = Path(f"{path}.tmp")
    beside.write_text(json.dumps(results, indent=1) + "\n")
    beside.replace(path)


def start_results(settings):
    path = Path(settings.out)
    if settings.resume and path.exists():
        return json.loads(path.read_text())
    return {
        "date": time.strftime("%Y-%m-%d"), "load": os.getloadavg()[0], "processor": processor(),
        "threads": settings.threads, "rounds": settings.rounds, "seconds": settings.seconds, "versions": {}, "training": [], "prediction": [],
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--networks", default="", help="names or paths of recipes, or of networks, by commas (default: all)")
    parser.add_argument("--only", choices=["training", "prediction"], help="not the other part")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--minutes", type=float, default=0, help="how long all may take, about (default: as needed)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="measures only what --out has not")
    parser.add_argument("--python", default=sys.executable, help="of the environment that has the peers")
    parser.add_argument("--capas", default="build/capas")
    parser.add_argument("--inference", default="build/bench/inference")
    parser.add_argument("--data", default="data/mnist")
    parser.add_argument("--work", default="build/peers/work", help="for networks, logs and caches")
    parser.add_argument("--out", default="build/peers/peers.json")
    parser.add_argument("--page", default="build/peers/peers.md")
    parser.add_argument("--picture", default="build/peers/peers.svg")
    settings = parser.parse_args()
    for name in ("python", "capas", "inference", "data", "work", "out", "page", "picture"):
        setattr(settings, name, str(ROOT / getattr(settings, name)))  # an absolute path stays as it is
    return settings


def main():
    settings = arguments()
    cores = sorted(os.sched_getaffinity(0))[: settings.threads]
    os.sched_setaffinity(0, cores)  # for all sides alike; JAX has no other way to say how many threads
    run, results = Run(settings), start_results(settings)
    asked = [name for name in settings.networks.split(",") if name]
    jobs = [("training", recipe, None) for recipe in asked or TRAINING if recipe not in APPLICATIONS]
    jobs += [("prediction", recipe, batch) for recipe in asked or [*PREDICTION, *APPLICATIONS]
             for batch in APPLICATIONS.get(recipe, BATCHES)]
    jobs = [job for job in jobs if settings.only in (None, job[0])]
    done = {(kind, one["network"], one["batch"] if kind == "prediction" else None)
            for kind in ("training", "prediction") for one in results[kind]}
    jobs = [job for job in jobs if (job[0], Path(job[1]).stem, job[2]) not in done]
    run.peers.write_pictures(run.pictures, max(BATCHES))
    failures = 0
    for index, (kind, recipe, batch) in enumerate(jobs):
        # A prediction takes about a third of a training's time.
        left = sum(1 if job[0] == "training" else 1 / 3 for job in jobs[index:])
        left = left if kind == "training" else 3 * left
        if run.share(left) <= 0:
            print(f"The time is up; --resume measures the {len(jobs) - index} parts that are left.", flush=True)
            break
        try:
            one = run.training(recipe, left) if kind == "training" else run.prediction(recipe, batch, left)
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"{recipe}: {failure}", flush=True)
            failures += 1
            continue
        results[kind].append(one)
        results["versions"].update(run.peers.versions())
        write(settings.out, results)
        draw(results, settings.picture)
        write_page(results, settings.page, settings.picture)
    run.peers.close()
    print_results(results)
    print(f"{(time.monotonic() - run.began) / 60:.1f} minutes; {settings.out}, {settings.page} and {settings.picture} "
          "are written")
    sys.exit(1 if failures else 0)


main()
