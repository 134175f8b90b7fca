#!/usr/bin/env python3
"""Keras's answers for metrics of segmentations and at a threshold, and for correlations, on the
data that the golden metrics have. Needs Keras 3.15 and TensorFlow.

    golden-metrics.py FOLDER      adds to FOLDER/metrics/metrics.json

Then scripts/pack-golden.sh packs the folder."""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import metrics

folder = os.path.join(sys.argv[1], "metrics")
with open(os.path.join(folder, "metrics.json")) as file:
    document = json.load(file)
sample_weight = np.load(os.path.join(folder, document["sample_weight"]))


def results(metric, y_true, y_pred, weights):
    metric.reset_state()
    first, values = 0, []
    for n in document["batch_sizes"]:
        part = slice(first, first + n)
        metric.update_state(y_true[part], y_pred[part], None if weights is None else weights[part])
        values.append(float(metric.result()))
        first += n
    return values


def case(name, metric, y_true, y_pred):
    truth, prediction = (np.load(os.path.join(folder, f)) for f in (y_true, y_pred))
    document["cases"].append(
        {
            "case": name,
            "metric": keras.saving.serialize_keras_object(metric),
            "y_true": y_true,
            "y_pred": y_pred,
            "plain": results(metric, truth, prediction, None),
            "weighted": results(metric, truth, prediction, sample_weight),
        }
    )


document["cases"] = [c for c in document["cases"] if not c["case"].startswith("more_")]
for at in (0.3, 0.6, 0.9):
    case(f"more_sensitivity_{at}", metrics.SensitivityAtSpecificity(at), "yb.npy", "pb.npy")
    case(f"more_specificity_{at}", metrics.SpecificityAtSensitivity(at), "yb.npy", "pb.npy")
    case(f"more_precision_{at}", metrics.PrecisionAtRecall(at), "yb.npy", "pb.npy")
    case(f"more_recall_{at}", metrics.RecallAtPrecision(at), "yb.npy", "pb.npy")
case("more_recall_class", metrics.RecallAtPrecision(0.4, num_thresholds=30, class_id=1), "oh.npy", "pr.npy")
classes = np.load(os.path.join(folder, "pr.npy")).shape[-1]
case("more_binary_iou", metrics.BinaryIoU(threshold=0.4), "yb.npy", "pb.npy")
case("more_binary_iou_1", metrics.BinaryIoU(target_class_ids=[1]), "yb.npy", "pb.npy")
case("more_one_hot", metrics.OneHotIoU(classes, target_class_ids=[0, 2]), "oh.npy", "pr.npy")
case("more_one_hot_mean", metrics.OneHotMeanIoU(classes), "oh.npy", "pr.npy")
case("more_one_hot_ignored", metrics.OneHotMeanIoU(classes, ignore_class=1), "oh.npy", "pr.npy")
case("more_mean", metrics.MeanIoU(classes, sparse_y_pred=False), "lab.npy", "pr.npy")
case("more_iou", metrics.IoU(classes, [1], sparse_y_pred=False), "lab.npy", "pr.npy")
for word, y_true, y_pred in (("numbers", "yr.npy", "pq.npy"), ("one_hot", "oh.npy", "pr.npy")):
    case(f"more_pearson_{word}", metrics.PearsonCorrelation(), y_true, y_pred)
    case(f"more_concordance_{word}", metrics.ConcordanceCorrelation(), y_true, y_pred)
case("more_concordance_equal", metrics.ConcordanceCorrelation(), "ml.npy", "mp.npy")
with open(os.path.join(folder, "metrics.json"), "w") as file:
    json.dump(document, file, indent=1)
    file.write("\n")
