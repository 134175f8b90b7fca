/* Trees for tests; see tree.h. */
#include "support/tree.h"
#include "files/json.h"
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

bool trees_can_be_read(void)
{
#if CAPAS_WITH_JANSSON
    return true;
#else
    print_message("built without jansson: nothing is tested here\n");
    return false;
#endif
}
