/* What a scan keeps from forward to backward (kernels/scan_parts.h). */
#include "kernels/scan_parts.h"

size_t capas_scan_saved(const capas_scan_problem *p, capas_element element)
{
    if (!p->for_training) return 0;
    return capas_scan_lay_out_saved(p, (size_t)capas_element_size(element)).end;
}
