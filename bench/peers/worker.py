"""What the peers' programs share: each answers requests, a line of JSON each, on standard input and output, so that a
library is loaded once and measured in turn with others. run.py starts them; by hand:

    echo '{"do": "open", ...}' | python peer_torch.py MNIST_FOLDER THREADS

    {"do": "open", "model": FILE.keras, "batch": N, "variant": {...}, "for": "training" or "prediction"}
    {"do": "train", "seconds": S}    -> {"rate": samples a second, "steps": counted ones}
    {"do": "predict", "seconds": S}  -> {"seconds": median of a call, "calls": counted ones}

A failure is {"error": sentence}. Training is the first epoch from the first weights, shuffled, begun anew until the
time is up; of each epoch the first steps are not counted (Watch).
"""

import json
import os
import statistics
import sys
import time
import zipfile

LEAST_WARM_STEPS, WARM_STEPS, WARM_SECONDS = 3, 20, 0.5  # as in cli/bench.c


class Watch:
    """Counts the steps after the warm ones of each epoch, and says when the time is up."""

    def __init__(self, limit):
        self.limit, self.seconds, self.counted = limit, 0.0, 0
        self.begin_epoch()

    def begin_epoch(self):
        self.steps, self.last, self.warm = 0, None, False

    def step(self, settle=lambda: None, count=1):
        """Called after each step, or several; `settle` waits for what still runs. True: the time is up."""
        if self.steps == 0:
            self.began = time.perf_counter()
        self.steps += count
        if not self.warm:
            passed = time.perf_counter() - self.began
            if self.steps >= WARM_STEPS or (self.steps >= LEAST_WARM_STEPS and passed >= WARM_SECONDS):
                settle()
                self.warm, self.since, self.at = True, time.perf_counter(), self.steps
            return False
        if self.seconds + time.perf_counter() - self.since < self.limit:
            return False
        settle()
        self.end_epoch()
        return self.seconds >= self.limit

    def end_epoch(self):
        """Takes what was counted into account; does nothing when that has been done."""
        if self.warm:
            self.seconds += time.perf_counter() - self.since
            self.counted += self.steps - self.at
            self.warm = False

    def answer(self, batch):
        return {"rate": self.counted * batch / self.seconds, "steps": self.counted}


def time_calls(call, seconds):
    """The median time of a call, of those within some seconds after three warm ones."""
    for _ in range(3):
        call()
    times, began = [], time.perf_counter()
    while time.perf_counter() - began < seconds or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times), "calls": len(times)}


def whole_config(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def read_config(path):
    """The layers [(class, config)] and the compile settings of a Sequential model in a .keras file."""
    config = whole_config(path)
    layers = [(layer["class_name"], layer["config"]) for layer in config["config"]["layers"]]
    return layers, config.get("compile_config")


def read_graph(path):
    """The layers of a model in a .keras file with one output, as (name, class, config, names of those before it)."""
    graph = []
    for layer in whole_config(path)["config"]["layers"]:
        before = [graph[-1][0]] if graph else []  # Sequential
        if "inbound_nodes" in layer:
            arguments = [node["args"][0] for node in layer["inbound_nodes"]]
            tensors = arguments[0] if arguments and isinstance(arguments[0], list) else arguments
            before = [tensor["config"]["keras_history"][0] for tensor in tensors]
        graph.append((layer["config"]["name"], layer["class_name"], layer["config"], before))
    return graph


def serve(peer):
    """`peer` has the methods open(request), which gives what train(opened, seconds) and predict(opened, seconds) are
    given back, and forget() where it keeps anything else. What was opened for a network is kept until another comes, so
    that variants take turns without being compiled again."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    kept, network, opened = {}, None, None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "open":
                if network != (request["model"], request["batch"], request["for"]):
                    network = (request["model"], request["batch"], request["for"])
                    kept, opened = {}, None
                    getattr(peer, "forget", lambda: None)()
                key = json.dumps(request["variant"], sort_keys=True)
                if key not in kept:
                    kept[key] = peer.open(request)
                opened, answer = kept[key], {}
            else:
                answer = getattr(peer, request["do"])(opened, request["seconds"])
        except Exception as error:  # whatever a library raises is the answer
            text = " ".join(str(error).split()) or type(error).__name__
            answer = {"error": f"{type(error).__name__}: {text[:300]}"}
        print(json.dumps(answer), file=answers, flush=True)
