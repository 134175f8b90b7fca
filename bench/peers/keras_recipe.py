"""Trains a model of capas's anew in Keras; called by keras-recipe.sh.

    keras_recipe.py MODEL.keras RECIPE.yaml MNIST_FOLDER SEED...

Prints a line for each seed and the median. Of the recipe's `fit` it knows batch_size, epochs, validation_split and
validation; a recipe with callbacks or augmentation is refused, as the comparison would not hold.
"""
import statistics
import sys

import keras
import yaml

from mnist import read_idx


def main():
    path, recipe, folder, *seeds = sys.argv[1:]
    settings = yaml.safe_load(open(recipe))
    fit, data = settings.get("fit", {}), settings["data"]
    if fit.get("callbacks") or data.get("augment") or "steps" in fit:
        sys.exit(f"{recipe} has callbacks, augmentation or steps, which this script does not repeat")
    above, below = str(data.get("scale", "1")).split("/") if "/" in str(data.get("scale", "1")) else (1, 1)
    x, y = read_idx(f"{folder}/train-images-idx3-ubyte.gz"), read_idx(f"{folder}/train-labels-idx1-ubyte.gz")
    test_x, test_y = read_idx(f"{folder}/t10k-images-idx3-ubyte.gz"), read_idx(f"{folder}/t10k-labels-idx1-ubyte.gz")
    x, test_x = (part[..., None].astype("float32") * float(above) / float(below) for part in (x, test_x))
    if data.get("one_hot"):
        y, test_y = (keras.utils.to_categorical(part, 10) for part in (y, test_y))
    accuracies = []
    for seed in seeds:
        keras.utils.set_random_seed(int(seed))
        carried = keras.saving.load_model(path)
        model = keras.Sequential.from_config(carried.get_config())  # weights drawn anew, by Keras
        model.compile_from_config(carried.get_compile_config())
        model.fit(x, y, batch_size=fit.get("batch_size", 32), epochs=fit.get("epochs", 1), verbose=0,
                  validation_split=fit.get("validation_split", 0))
        loss, accuracy = model.evaluate(test_x, test_y, batch_size=128, verbose=0)[:2]
        accuracies.append(accuracy)
        print(f"seed {seed}: loss {loss:.4f}, accuracy {accuracy:.4f}", flush=True)
    print(f"median {statistics.median(accuracies):.4f} ({min(accuracies):.4f} to {max(accuracies):.4f})")


main()
