/* A C program's use of imreg; called by c_api_test.cc, which has made the database. Each check prints what it found. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "imreg/imreg.h"

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      return __LINE__;                                                \
    }                                                                 \
  } while (0)

int use_imreg_from_c(const char* path);

int use_imreg_from_c(const char* path) {
  imreg_question question;
  memset(&question, 0, sizeof question);

  CHECK(imreg_open("/nowhere/at/all.db") == NULL);
  CHECK(strstr(imreg_error(), "/nowhere/at/all.db") != NULL);
  imreg_file* file = imreg_open(path);
  CHECK(file != NULL);
  CHECK(imreg_count(file, NULL) == 5);

  question.where = "exptime > 15";
  question.sort = "-exptime";
  question.limit = 2;
  imreg_rows* rows = imreg_query(file, &question);
  CHECK(rows != NULL);
  CHECK(imreg_count(file, &question) == 2);
  const int name = imreg_column(rows, "FILENAME"), exptime = imreg_column(rows, "exptime");
  const int type = imreg_column(rows, "type"), obstime = imreg_column(rows, "obstime");
  const int fwhm = imreg_column(rows, "fwhm"), deleted = imreg_column(rows, "deleted");
  CHECK(name >= 0 && exptime >= 0 && type >= 0 && obstime >= 0 && fwhm >= 0 && deleted >= 0);
  CHECK(imreg_column(rows, "nothing") == -1);
  CHECK(imreg_column(rows, "teltemp[3]") == imreg_column(rows, "teltemp[0]") + 3);
  CHECK(imreg_column_type(rows, name) == IMREG_TEXT && imreg_column_type(rows, exptime) == IMREG_REAL);
  CHECK(imreg_column_type(rows, type) == IMREG_WORD && imreg_column_type(rows, obstime) == IMREG_TIME);
  CHECK(imreg_column_type(rows, deleted) == IMREG_BOOLEAN);
  CHECK(imreg_column_type(rows, imreg_column(rows, "ccd")) == IMREG_INTEGER);
  CHECK(strcmp(imreg_column_unit(rows, exptime), "s") == 0);
  CHECK(strstr(imreg_column_meaning(rows, exptime), "exposure") != NULL);
  CHECK(strcmp(imreg_column_name(rows, name), "filename") == 0);
  CHECK(imreg_column_name(rows, -1) == NULL && imreg_column_name(rows, imreg_columns(rows)) == NULL);
  CHECK(isnan(imreg_get_double(rows, exptime)) && imreg_get_text(rows, name) == NULL); /* no row yet */

  CHECK(imreg_next(rows) == 1);
  CHECK(strcmp(imreg_get_text(rows, name), "image4.fits") == 0);
  CHECK(strcmp(imreg_get_text(rows, exptime), "50.5") == 0);
  CHECK(imreg_get_double(rows, exptime) == 50.5 && imreg_get_int64(rows, exptime) == 50);
  CHECK(strcmp(imreg_get_text(rows, type), "flat") == 0 && imreg_get_int64(rows, type) == 4);
  CHECK(strcmp(imreg_get_text(rows, obstime), "2001-09-09T01:46:44Z") == 0);
  CHECK(imreg_get_int64(rows, obstime) == 1000000004);
  CHECK(strcmp(imreg_get_text(rows, deleted), "false") == 0 && imreg_get_double(rows, deleted) == 0);
  CHECK(!imreg_is_known(rows, fwhm) && isnan(imreg_get_double(rows, fwhm)));
  CHECK(imreg_get_int64(rows, fwhm) == 0 && imreg_get_text(rows, fwhm) == NULL);
  CHECK(isnan(imreg_get_double(rows, name)) && imreg_is_known(rows, name));
  CHECK(isnan(imreg_get_double(rows, 10000)));
  imreg_close(file); /* the rows go on */
  CHECK(imreg_next(rows) == 1);
  CHECK(strcmp(imreg_get_text(rows, name), "image3.fits") == 0);
  CHECK(imreg_next(rows) == 0 && imreg_next(rows) == 0);
  CHECK(imreg_damaged(rows) == 0 && imreg_damage(rows, 0) == NULL);
  imreg_free(rows);

  file = imreg_open(path);
  memset(&question, 0, sizeof question);
  question.group = "type";
  question.aggregates = "count,sum(exptime)";
  rows = imreg_query(file, &question);
  CHECK(rows != NULL && imreg_columns(rows) == 3);
  CHECK(imreg_next(rows) == 1);
  CHECK(strcmp(imreg_get_text(rows, 0), "flat") == 0 && imreg_get_int64(rows, 1) == 5);
  CHECK(imreg_get_double(rows, imreg_column(rows, "sum_exptime")) == 152.5);
  CHECK(imreg_next(rows) == 0);
  imreg_free(rows);

  question.group = NULL;
  question.where = "exptime >";
  CHECK(imreg_query(file, &question) == NULL);
  CHECK(strstr(imreg_error(), "column") != NULL);
  CHECK(imreg_count(file, &question) == -1);
  imreg_close(file);
  return 0;
}
