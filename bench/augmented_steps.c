/* What augmentation costs a training: steps of a recipe that augments its pictures (model3, or the
 * one that is given), and of the same without `data.augment`, in turn, with two threads. Prints the
 * median of the rounds' ratios.
 *
 *     bench/augmented_steps [RECIPE]      (from the folder that holds recipes/ and data/) */
#include "ascending.h"

#include "base/clock.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 11, STEPS = 40, BATCH = 64 };

typedef struct training {
    capas_recipe *recipe;
    capas_recipe_data data;
    capas_model *model;
} training;

static capas_status begin(training *t, const char *name, int augments)
{
    const char *const without[] = {"data.augment=null"};
    t->recipe = capas_recipe_load(name, without, augments ? 0 : 1);
    if (!t->recipe) return capas_error_status();
    capas_status status = capas_recipe_open_data(t->recipe, NULL, &t->data);
    if (status != CAPAS_OK) return status;
    t->model = capas_recipe_model(t->recipe, 0);
    return t->model ? CAPAS_OK : capas_error_status();
}

static void end(training *t)
{
    capas_model_free(t->model);
    capas_recipe_close_data(&t->data);
    capas_recipe_free(t->recipe);
}

/* Seconds for STEPS steps. */
static double run(training *t)
{
    double begun = capas_seconds();
    if (capas_fit(t->model, t->data.train, .batch_size = BATCH, .steps = STEPS, .epochs = 1) !=
        CAPAS_OK)
        fprintf(stderr, "%s\n", capas_error());
    return capas_seconds() - begun;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "model3";
    training with = {0}, without = {0};
    double ratios[ROUNDS], least[2] = {1e30, 1e30};
    capas_set_threads(2);
    capas_status status = begin(&with, name, 1);
    if (status == CAPAS_OK) status = begin(&without, name, 0);
    for (int round = -1; round < ROUNDS && status == CAPAS_OK; round++) {
        double augmented = run(&with), plain = run(&without);
        if (round < 0) continue; /* that was to warm up */
        ratios[round] = augmented / plain;
        if (augmented < least[0]) least[0] = augmented;
        if (plain < least[1]) least[1] = plain;
    }
    if (status == CAPAS_OK) {
        double middle = median_of(ratios, ROUNDS);
        printf("%s: augmented steps take %.3f of the time of others (median of %d rounds; from "
               "%.3f to %.3f);\nat best %.0f and %.0f samples/s\n",
               name, middle, ROUNDS, ratios[0], ratios[ROUNDS - 1], STEPS * BATCH / least[0],
               STEPS * BATCH / least[1]);
    } else {
        fprintf(stderr, "%s\n", capas_error());
    }
    end(&with);
    end(&without);
    return status != CAPAS_OK;
}
