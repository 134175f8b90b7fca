"""ONNX Runtime as a peer (see worker.py), prediction only; variants: {"threads": N}. Its model is made from the .keras
file by onnx_twin.py, for the batch size that is asked for."""

import sys

import onnxruntime

from mnist import read_part
from onnx_twin import build
from worker import read_config, serve, time_calls


class Peer:
    def __init__(self, folder, threads):
        self.images, self.threads = read_part(folder, "t10k")[0], threads

    def open(self, request):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = request["variant"].get("threads", self.threads)
        model = build(read_config(request["model"])[0], request["batch"])
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )
        images = {"input": self.images[: request["batch"]].transpose(0, 3, 1, 2).copy()}
        return lambda: session.run(None, images)

    def predict(self, opened, seconds):
        return time_calls(opened, seconds)


serve(Peer(sys.argv[1], int(sys.argv[2])))
