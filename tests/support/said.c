/* What the library said; see said.h. */
#include "support/said.h"
#include "support/cmocka.h"
#include <capas/status.h>
#include <stdio.h>
#include <string.h>

char warnings[4096];

void assert_said(const char *piece)
{
    if (!strstr(capas_error(), piece)) fail_msg("\"%s\" is not in \"%s\"", piece, capas_error());
}

void keep_warning(capas_log_level level, const char *message, void *context)
{
    (void)context;
    size_t used = strlen(warnings);
    if (level == CAPAS_LOG_WARNING)
        snprintf(warnings + used, sizeof warnings - used, "%s\n", message);
}
