"""ONNX Runtime as a peer (see worker.py), prediction only; variants: {"threads": N}. Its model is made from the .keras
file by onnx_twin.py, for the batch size that is asked for."""

import sys

import onnxruntime

from mnist import read_part
from onnx_twin import build, images_for
from worker import read_graph, serve, time_calls


class Peer:
    def __init__(self, folder, threads):
        self.images, self.threads = read_part(folder, "t10k")[0], threads

    def open(self, request):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = request["variant"].get("threads", self.threads)
        model = build(read_graph(request["model"]), request["batch"])
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )
        images = {model.graph.input[0].name: images_for(model, self.images)}
        return lambda: session.run(None, images)

    def predict(self, opened, seconds):
        return time_calls(opened, seconds)


serve(Peer(sys.argv[1], int(sys.argv[2])))
