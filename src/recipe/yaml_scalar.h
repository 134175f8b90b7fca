/* A scalar of YAML: what a plain word means by the core schema (null, true, 12, 0x1F, 1e-3, text);
 * quoted ones are text. */
#ifndef CAPAS_RECIPE_YAML_SCALAR_H
#define CAPAS_RECIPE_YAML_SCALAR_H

#include "base/value.h"

struct fy_token;

/* NULL on failure. */
capas_value *capas_yaml_scalar(struct fy_token *token);
/* As text, whatever it says. */
capas_value *capas_yaml_text(struct fy_token *token);

#endif
