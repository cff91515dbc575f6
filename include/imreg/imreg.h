/* Questions to a database of imreg from C (C99) and from every language that can call C. man 3 imreg has an example.
 *
 * Functions that fail return NULL or -1; imreg_error() then says why. Texts that functions return belong to the
 * library. A file
 * and its answers may be used by one thread at a time; different files by different threads.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef struct imreg_file imreg_file;
typedef struct imreg_rows imreg_rows;

/* What is asked for; all zero: every row that is not deleted, in file order. The texts are those of imreg/query.h. */
typedef struct imreg_question {
  const char* where;      /* "exptime > 60 and filter in ('r', 'i')"; NULL: all */
  const char* sort;       /* "-obstime,filename" */
  const char* unique;     /* fields; "": one row for each filename and ccd; NULL: all */
  const char* group;      /* fields; "": one group of all rows; NULL: no groups */
  const char* aggregates; /* "count,median(fwhm)"; NULL: count */
  long long limit;        /* 0: no limit */
  long long offset;
  long long last; /* the newest rows; 0: all */
  int jobs;       /* threads; 0: 1 */
  int no_index;   /* 1: an index is left alone */
} imreg_question;

typedef enum imreg_type {
  IMREG_INTEGER,
  IMREG_REAL,
  IMREG_TEXT,
  IMREG_BOOLEAN,
  IMREG_WORD, /* a number that has a word */
  IMREG_TIME  /* seconds since 1970-01-01 UTC */
} imreg_type;

/* Why the last call of this thread that failed did so: one line. */
const char* imreg_error(void);

imreg_file* imreg_open(const char* path);
/* Its answers may live longer. */
void imreg_close(imreg_file* file);

/* `question` may be NULL: all rows. */
imreg_rows* imreg_query(imreg_file* file, const imreg_question* question);
/* How many rows the answer has, or -1. */
long long imreg_count(imreg_file* file, const imreg_question* question);
/* 1: there is a next row, 0: there is none, -1: failed. Rows are read when they are asked for. */
int imreg_next(imreg_rows* rows);
/* Rows that could not be given because their bytes are damaged, so far; a line about each of the first 1000, then NULL. */
long long imreg_damaged(const imreg_rows* rows);
const char* imreg_damage(const imreg_rows* rows, long long index);
void imreg_free(imreg_rows* rows);

/* Columns count from 0; an array has one for each element: "teltemp[2]". */
int imreg_columns(const imreg_rows* rows);
/* By name, case-blind; -1: there is none. */
int imreg_column(const imreg_rows* rows, const char* name);
/* For a column that does not exist: NULL, and IMREG_TEXT. */
const char* imreg_column_name(const imreg_rows* rows, int column);
const char* imreg_column_unit(const imreg_rows* rows, int column);
const char* imreg_column_meaning(const imreg_rows* rows, int column);
imreg_type imreg_column_type(const imreg_rows* rows, int column);

/* Values of the row that imreg_next() went to. Not known, or no such column: NaN, 0, NULL. */
int imreg_is_known(const imreg_rows* rows, int column);
/* Texts are NaN; booleans 1 and 0; words their codes. */
double imreg_get_double(const imreg_rows* rows, int column);
/* Rounded down; what does not fit is 0. */
long long imreg_get_int64(const imreg_rows* rows, int column);
/* Of any type: the word of a word, a time as 2003-01-27T15:20:01Z, the shortest digits of a number.
 * Valid until the next call of imreg_next, or of this function with the same column. */
const char* imreg_get_text(imreg_rows* rows, int column);

#ifdef __cplusplus
}
#endif
