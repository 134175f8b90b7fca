"""OpenVINO as a peer (see worker.py), prediction only; it reads the ONNX model of onnx_twin.py."""

import sys

import openvino

from mnist import read_part
from onnx_twin import build, images_for
from worker import read_graph, serve, time_calls


class Peer:
    def __init__(self, folder, threads):
        self.images, self.threads = read_part(folder, "t10k")[0], threads
        self.core = openvino.Core()

    def open(self, request):
        twin = build(read_graph(request["model"]), request["batch"])
        compiled = self.core.compile_model(
            self.core.read_model(twin.SerializeToString()), "CPU",
            {"INFERENCE_NUM_THREADS": self.threads, "PERFORMANCE_HINT": "LATENCY",
             "INFERENCE_PRECISION_HINT": "f32"},
        )
        infer = compiled.create_infer_request()
        infer.set_input_tensor(openvino.Tensor(images_for(twin, self.images), shared_memory=True))
        return infer.infer

    def predict(self, opened, seconds):
        return time_calls(opened, seconds)


serve(Peer(sys.argv[1], int(sys.argv[2])))
