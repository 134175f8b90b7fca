"""OpenVINO as a peer (see worker.py), prediction only; it reads the ONNX model of onnx_twin.py."""

import sys

import openvino

from mnist import read_part
from onnx_twin import build
from worker import read_config, serve, time_calls


class Peer:
    def __init__(self, folder, threads):
        self.images, self.threads = read_part(folder, "t10k")[0], threads
        self.core = openvino.Core()

    def open(self, request):
        model = self.core.read_model(build(read_config(request["model"])[0], request["batch"]).SerializeToString())
        compiled = self.core.compile_model(
            model, "CPU",
            {"INFERENCE_NUM_THREADS": self.threads, "PERFORMANCE_HINT": "LATENCY",
             "INFERENCE_PRECISION_HINT": "f32"},
        )
        infer = compiled.create_infer_request()
        images = self.images[: request["batch"]].transpose(0, 3, 1, 2).copy()
        infer.set_input_tensor(openvino.Tensor(images, shared_memory=True))
        return infer.infer

    def predict(self, opened, seconds):
        return time_calls(opened, seconds)


serve(Peer(sys.argv[1], int(sys.argv[2])))
