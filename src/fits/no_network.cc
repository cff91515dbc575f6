// Compiled in only where CFITSIO is linked as an archive: the six functions by which its HTTPS driver would call libcurl.
// imreg opens files on disk only, and libcurl with its thirty libraries cost each start of imregister about 8 ms.
#include <cstddef>

extern "C" {

int curl_global_init(long);
void curl_global_cleanup();
void* curl_easy_init();
void curl_easy_cleanup(void*);
int curl_easy_setopt(void*, int, ...);
int curl_easy_perform(void*);

constexpr int kFailedInit = 2;  // CURLE_FAILED_INIT: CFITSIO then says that it cannot fetch the address

int curl_global_init(long) { return 0; }
void curl_global_cleanup() {}
void* curl_easy_init() { return nullptr; }
void curl_easy_cleanup(void*) {}
int curl_easy_setopt(void*, int, ...) { return kFailedInit; }
int curl_easy_perform(void*) { return kFailedInit; }

}  // extern "C"
