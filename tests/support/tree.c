/* Trees for tests; see tree.h. */
#include "support/tree.h"
#include "files/json.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <stdlib.h>
#include <string.h>

capas_value *tree(const char *json)
{
    size_t size = strlen(json);
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t i = 0; i <= size; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    capas_value *value = capas_json_read(text, size, "test");
    free(text);
    if (!value) fail_msg("%s: %s", json, capas_error());
    return value;
}

capas_value *golden_tree(const char *path)
{
    char *text = golden_text("%s", path);
    capas_value *value = capas_json_read(text, strlen(text), path);
    free(text);
    if (!value) fail_msg("%s", capas_error());
    return value;
}

capas_model *tree_model(const char *json)
{
    capas_value *config = tree(json);
    capas_model *model = capas_model_from_config(config);
    capas_value_free(config);
    return model;
}

void assert_model_writes(const capas_model *model, const capas_value *wanted)
{
    capas_value *config = capas_model_config(model);
    if (!config) fail_msg("%s", capas_error());
    if (!capas_value_equal(config, wanted)) {
        char *got = capas_json_write(config), *want = capas_json_write(wanted);
        fail_msg("got %s\nwanted %s", got, want);
    }
    capas_value_free(config);
}

bool trees_can_be_read(void)
{
#if CAPAS_WITH_JANSSON
    return true;
#else
    print_message("built without jansson: nothing is tested here\n");
    return false;
#endif
}
