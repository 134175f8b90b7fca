/* The hash of an experiment: of everything that decides its result but the seed. */
#include "base/lines.h"
#include "base/memory.h"
#include "data/idx.h"
#include "recipe/pictures.h"

/* Sets with known checksums are checked when they are opened: these stand for their contents. */
static capas_status add_data(const capas_recipe *recipe, capas_sha256 *sum)
{
    capas_idx_place place;
    if (!recipe->data) return CAPAS_OK;
    if (capas_recipe_has_pictures(recipe->data))
        return capas_recipe_hash_pictures(recipe, recipe->data, sum);
    CAPAS_TRY(capas_idx_find(recipe->data, &place));
    for (int part = CAPAS_IDX_TRAIN; part <= CAPAS_IDX_TEST; part++) {
        capas_idx idx;
        if (place.sums) {
            capas_sha256_add(sum, place.sums[2 * part], CAPAS_SHA256_TEXT);
            capas_sha256_add(sum, place.sums[2 * part + 1], CAPAS_SHA256_TEXT);
            continue;
        }
        CAPAS_TRY(capas_idx_load(&place, (capas_idx_part)part, &idx));
        capas_sha256_add(sum, idx.images, (size_t)(idx.count * idx.height * idx.width));
        capas_sha256_add(sum, idx.labels, (size_t)idx.count);
        capas_idx_free(&idx);
    }
    return CAPAS_OK;
}

capas_status capas_recipe_hash(const capas_recipe *recipe, char hash[CAPAS_RECIPE_HASH])
{
    static const char *const parts[] = {"data", "model", "compile", "fit"};
    capas_builder lines = {0};
    capas_sha256 sum;
    if (!recipe || !hash)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a hash needs a recipe and a place");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const capas_value *part = capas_value_get(recipe->tree, parts[i]);
        if (part) capas_lines_add(&lines, parts[i], part);
    }
    if (recipe->keras) capas_lines_add(&lines, "keras", recipe->keras);
    size_t length = lines.length;
    char *text;
    CAPAS_TRY(capas_builder_finish(&lines, &text));
    capas_sha256_start(&sum);
    capas_sha256_add(&sum, text, length);
    capas_release(text);
    CAPAS_TRY(add_data(recipe, &sum));
    capas_sha256_finish(&sum, hash);
    return CAPAS_OK;
}
