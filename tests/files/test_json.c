/* JSON: what Python's json.dumps writes comes back character by character; errors say line and
 * column; limits hold. */
#include "base/memory.h"
#include "base/text.h"
#include "files/json.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/scarce_memory.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *rewrite(const char *text)
{
    capas_value *value = capas_json_read(text, strlen(text), "t.json");
    if (!value) fail_msg("%s", capas_error());
    char *written = capas_json_write(value);
    if (!written) fail_msg("%s", capas_error());
    capas_value_free(value);
    return written;
}

static void assert_rewritten(const char *text, const char *expected)
{
    char *written = rewrite(text);
    assert_string_equal(written, expected);
    capas_release(written);
}

static void writes_as_python_does(void **state)
{
    (void)state;
    assert_rewritten("{\"b\":[1,2.0,-0.0,null,true,false,{}],\"a\":[]}",
                     "{\"b\": [1, 2.0, -0.0, null, true, false, {}], \"a\": []}");
    assert_rewritten("[0.0010000000474974513, 1e-7, 0.99, 1e16, 123456789012345680, 1e22]",
                     "[0.0010000000474974513, 1e-07, 0.99, 1e+16, 123456789012345680, 1e+22]");
    assert_rewritten("[\"\\u00e9\\ud83d\\ude00\\n\\t\\\"\\\\/\\u007f\\u0001\"]",
                     "[\"\\u00e9\\ud83d\\ude00\\n\\t\\\"\\\\/\\u007f\\u0001\"]");
    assert_rewritten("[\"é€😀\"]", "[\"\\u00e9\\u20ac\\ud83d\\ude00\"]");
}

static void assert_real(double real, const char *expected)
{
    char text[CAPAS_REAL_TEXT];
    assert_string_equal(capas_real_text(real, text), expected);
    if (isfinite(real)) assert_true(strtod(text, NULL) == real);
}

static void writes_the_shortest_digits(void **state)
{
    (void)state;
    assert_real(0, "0.0");
    assert_real(-0.0, "-0.0");
    assert_real(100, "100.0");
    assert_real(0.1, "0.1");
    assert_real(0.1f, "0.10000000149011612");
    assert_real(0.0001, "0.0001");
    assert_real(0.00001, "1e-05");
    assert_real(-12345.678, "-12345.678");
    assert_real(9999999999999998.0, "9999999999999998.0");
    assert_real(1e16, "1e+16");
    assert_real(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_real(5e-324, "5e-324");
    assert_real(0x1p-44, "5.684341886080802e-14"); /* a power of two: 17 digits by %.17g */
    assert_real(0x1p-1017, "7.120236347223045e-307");
    assert_real(NAN, "nan");
    assert_real(-INFINITY, "-inf");
}

static void does_not_mind_the_locale(void **state)
{
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "es_ES.UTF-8", "fr_FR.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < 3 && !found; i++)
        found = setlocale(LC_NUMERIC, commas[i]) != NULL;
    char text[CAPAS_REAL_TEXT];
    assert_string_equal(capas_real_text(0.25, text), "0.25");
    assert_rewritten("[0.5]", "[0.5]");
    setlocale(LC_NUMERIC, "C");
}

static void keras_files_come_back_as_they_were(void **state)
{
    (void)state;
    static const char *const names[] = {"cnn_k3", "residual_k3", "cnn_k2", "rnn_k3"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = golden_text("files/%s.json", names[i]);
        size_t length = strlen(text);
        while (length > 0 && text[length - 1] == '\n')
            text[--length] = '\0';
        char *written = rewrite(text);
        assert_string_equal(written, text);
        capas_release(written);
        free(text);
    }
}

static void assert_refused(const char *text, capas_status status, const char *sentence)
{
    assert_null(capas_json_read(text, strlen(text), "t.json"));
    assert_int_equal(capas_error_status(), status);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    assert_refused("{\n  \"a\": 1,\n  \"b\" 2}", CAPAS_BAD_FILE,
                   "t.json, line 3, column 7: this is");
    assert_refused("", CAPAS_BAD_FILE, "line 1");
    assert_refused("[1, 2", CAPAS_BAD_FILE, "line 1");
    assert_refused("[NaN]", CAPAS_BAD_FILE, "line 1");
    assert_refused("[1e999]", CAPAS_BAD_FILE, "overflow");
    assert_refused("[12345678901234567890]", CAPAS_BAD_FILE, "too big");
    assert_refused("{\"a\": 1, \"a\": 2}", CAPAS_BAD_FILE, "duplicate");
    assert_refused("[\"\xff\"]", CAPAS_BAD_FILE, "0xff");
    assert_refused("[1] x", CAPAS_BAD_FILE, "line 1");
}

static void limits_the_depth(void **state)
{
    (void)state;
    char text[6001];
    memset(text, '[', 3000);
    memset(text + 3000, ']', 3000);
    text[6000] = '\0';
    assert_null(capas_json_read(text, 6000, "t.json"));
    assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    assert_refused(text + 2800, CAPAS_BAD_FILE, "end of file"); /* 200 open, 3000 closed */
    text[3200] = '\0';
    assert_refused(text + 2800, CAPAS_BAD_FILE, "nested deeper than 100");
}

static void refuses_to_write_what_json_cannot_say(void **state)
{
    (void)state;
    capas_value *list = capas_value_list();
    capas_value_append(list, capas_value_real(NAN));
    assert_null(capas_json_write(list));
    assert_int_equal(capas_error_status(), CAPAS_NOT_FINITE);
    capas_value_free(list);
    static const char *const broken[] = {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        capas_value *text = capas_value_string(broken[i]);
        assert_null(capas_json_write(text));
        assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
        capas_value_free(text);
    }
    assert_null(capas_json_write(NULL));
}

static void survives_without_memory(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [1, 2.5, \"x\", null, true], \"b\": {\"c\": {}}}";
    bool done = false;
    for (long allowed = 0; !done; allowed++) {
        assert_true(allowed < 1000);
        scarce_memory_begin(allowed);
        capas_value *value = capas_json_read(text, sizeof text - 1, "t.json");
        char *written = value ? capas_json_write(value) : NULL;
        done = written != NULL;
        if (!done) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_value_free(value);
        capas_release(written);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_as_python_does),
        cmocka_unit_test(writes_the_shortest_digits),
        cmocka_unit_test(does_not_mind_the_locale),
        cmocka_unit_test(keras_files_come_back_as_they_were),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(limits_the_depth),
        cmocka_unit_test(refuses_to_write_what_json_cannot_say),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
