/* What a reader of docs/architecture.md may expect of the layer Negate that it adds (layer.sh): it
 * is built from JSON and from a recipe, computes, learns through, is saved, opened and told of. */
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "Negate: %s; the last failure: %s\n", what, capas_error());
    exit(EXIT_FAILURE);
}

static const char chain[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"chain\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, 3]}},"
    "{\"class_name\": \"Negate\", \"config\": {}}]}}";

static const float input[6] = {1, -2, 0.5f, 4, -8, 0};

static void check_prediction(capas_model *model)
{
    float output[6];
    check(capas_predict(model, input, 2, output) == CAPAS_OK, "predict failed");
    for (int i = 0; i < 6; i++)
        check(output[i] == -input[i], "a number is not turned");
}

static void check_file(void)
{
    capas_model *model = capas_model_from_json(chain);
    check(model != NULL, "the model was not made from JSON");
    check_prediction(model);
    capas_status status = capas_save(model, "negate.keras");
    capas_model_free(model);
    if (status == CAPAS_UNSUPPORTED) return; /* a build without Keras's files */
    check(status == CAPAS_OK, "it was not saved");
    model = capas_load("negate.keras");
    check(model != NULL, "it was not opened");
    check_prediction(model);
    capas_model_free(model);
}

static void check_summary(capas_model *model)
{
    char *table;
    check(capas_summary(model, &table) == CAPAS_OK, "no summary");
    check(strstr(table, "negate (Negate)") != NULL, "it is not in the summary");
    capas_free(table);
}

/* y = -(w x + b) must learn y = 3 x - 1; the gradient goes through the layer. */
static void check_learning(capas_model *model)
{
    float x[16], y[16];
    for (int i = 0; i < 16; i++) {
        x[i] = (float)i / 8 - 1;
        y[i] = 3 * x[i] - 1;
    }
    capas_tensor inputs = {CAPAS_FLOAT32, capas_shape_of(2, 16, 1), x};
    capas_tensor targets = {CAPAS_FLOAT32, capas_shape_of(2, 16, 1), y};
    capas_evaluation evaluation;
    for (int step = 0; step < 300; step++)
        check(capas_train_on_batch(model, &inputs, &targets, 16, &evaluation) == CAPAS_OK,
              "a step of training failed");
    check(capas_evaluation_get(&evaluation, "loss") < 1e-4, "it did not learn");
}

static void check_recipe(void)
{
    FILE *file = fopen("negate.yaml", "w");
    check(file != NULL, "no recipe could be written");
    fputs("model:\n  - Input: {shape: [1]}\n  - Dense: {units: 1}\n  - Negate\n"
          "compile: {optimizer: {SGD: {learning_rate: 0.2}}, loss: mean_squared_error}\n",
          file);
    fclose(file);
    capas_recipe *recipe = capas_recipe_load("negate.yaml", NULL, 0);
    check(recipe != NULL, "the recipe was not read");
    capas_model *model = capas_recipe_model(recipe, 0);
    check(model != NULL, "the recipe's model was not made");
    capas_recipe_free(recipe);
    check_summary(model);
    check_learning(model);
    capas_model_free(model);
}

static void check_advice(void)
{
    char wrong[sizeof chain];
    memcpy(wrong, chain, sizeof chain);
    memcpy(strstr(wrong, "Negate"), "Negat3", 6);
    check(capas_model_from_json(wrong) == NULL, "an unknown layer was taken");
    check(strstr(capas_error(), "did you mean \"Negate\"?") != NULL, "it is not proposed");
}

int main(void)
{
    check_file();
    check_recipe();
    check_advice();
    printf("Negate is built, predicts, learns, is saved and opened\n");
    return EXIT_SUCCESS;
}
