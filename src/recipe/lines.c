/* A recipe as lines of text, to tell whether two runs are of the same one. */
#include "base/lines.h"
#include "recipe/parts.h"

/* What changes no weight is left out. */
static void drop_rest(capas_value *tree)
{
    capas_value *fit = capas_value_get(tree, "fit");
    capas_value_free(capas_value_take(tree, "name"));
    capas_value_free(capas_value_take(tree, "expect"));
    capas_value_free(capas_value_take(fit, "epochs"));
    capas_value_free(capas_value_take(fit, "verbose"));
    capas_value_free(capas_value_take(fit, "force"));
    if (fit && fit->count == 0) capas_value_free(capas_value_take(tree, "fit"));
}

capas_status capas_recipe_lines(const capas_recipe *recipe, capas_builder *lines)
{
    capas_value *tree = capas_value_clone(recipe->tree);
    if (!tree) return CAPAS_NO_MEMORY;
    drop_rest(tree);
    capas_lines_add(lines, "", tree);
    capas_value_free(tree);
    if (recipe->keras) capas_lines_add(lines, "keras", recipe->keras);
    return lines->status;
}

/* The options are as a program writes them: 0 is the default. */
int capas_recipe_epochs(const capas_recipe *recipe)
{
    if (recipe->fit.epochs == CAPAS_ZERO) return 0;
    return recipe->fit.epochs == 0 ? 1 : recipe->fit.epochs;
}
