# What imreg is linked with. What a program loads decides how fast it starts (measured: bench/README.md), so archives are
# taken where they are installed, shared libraries elsewhere.
include(CheckCXXSourceCompiles)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

find_package(Boost 1.74 REQUIRED)  # headers only

# vendor_<name>: the library with the folders of its headers.
function(vendor name library)
  if(IMREG_SHARED)
    find_library(${name}_LIBRARY NAMES ${library} REQUIRED)  # Debian's archives do not fit into a shared object
  else()
    find_library(${name}_LIBRARY NAMES lib${library}.a ${library} REQUIRED)
  endif()
  add_library(vendor_${name} INTERFACE)
  target_link_libraries(vendor_${name} INTERFACE ${${name}_LIBRARY} ${ARGN})
endfunction()

vendor(erfa erfa)
pkg_check_modules(WCSLIB REQUIRED wcslib)
vendor(wcs wcs m)
target_include_directories(vendor_wcs SYSTEM INTERFACE ${WCSLIB_INCLUDE_DIRS})

# For imstatus only.
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
add_library(vendor_edit INTERFACE)
target_link_libraries(vendor_edit INTERFACE PkgConfig::EDIT)

vendor(re2 re2 Threads::Threads)
vendor(z z)
vendor(bz2 bz2)

# Not its archive: that needs those of curl, with all that curl needs.
pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET cfitsio)
add_library(vendor_cfitsio INTERFACE)
target_link_libraries(vendor_cfitsio INTERFACE PkgConfig::CFITSIO)

# Not its archive, either: it would need those of fontconfig, freetype, X11.
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)
add_library(vendor_cairo INTERFACE)
target_link_libraries(vendor_cairo INTERFACE PkgConfig::CAIRO)

# For imlook and what makes pictures of files.
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
add_library(vendor_pictures INTERFACE)
target_link_libraries(vendor_pictures INTERFACE PkgConfig::PNG PkgConfig::JPEG)

# Can a whole program be linked statically? Sanitizers cannot.
set(CMAKE_REQUIRED_LINK_OPTIONS -static)
check_cxx_source_compiles("#include <string>\nint main(int n, char**) { return std::to_string(n).size() > 5; }" IMREG_CAN_LINK_STATICALLY)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(IMREG_SANITIZE OR IMREG_SHARED)
  set(IMREG_CAN_LINK_STATICALLY OFF)
endif()
