# What is made from data before the library is compiled.

# embed(OUT FUNCTION FILES...): a .cc whose FUNCTION() returns {file name, text} of each file (declared in base/embedded.h).
function(embed out function)
  list(LENGTH ARGN count)
  set(code "// Made by cmake/generated.cmake from ${function}'s files. Do not edit.\n#include <array>\n\n#include \"base/embedded.h\"\n\nnamespace imreg {\n\nstd::span<const EmbeddedFile> ${function}() {\n  static constexpr std::array<EmbeddedFile, ${count}> kFiles{{\n")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    get_filename_component(name ${file} NAME)
    string(APPEND code "      {\"${name}\", R\"imreg~(${text})imreg~\"},\n")
  endforeach()
  string(APPEND code "  }};\n  return kFiles;\n}\n\n}  // namespace imreg\n")
  file(GENERATE OUTPUT ${out} CONTENT "${code}")
endfunction()

file(GLOB format_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/formats/*.fmt)
file(GLOB camera_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/formats/cameras/*.cam)
file(GLOB header_formats CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/formats/acs/*.fmt ${CMAKE_SOURCE_DIR}/formats/acs/keywords)
file(GLOB filter_lists CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/formats/cameras/*.list)
embed(${CMAKE_BINARY_DIR}/generated/embedded_cameras.cc embedded_cameras ${camera_files})
target_sources(imreg_camera PRIVATE ${CMAKE_BINARY_DIR}/generated/embedded_cameras.cc)
embed(${CMAKE_BINARY_DIR}/generated/embedded_header_formats.cc embedded_header_formats ${header_formats})
target_sources(imreg_headers PRIVATE ${CMAKE_BINARY_DIR}/generated/embedded_header_formats.cc)

# The generator: .fmt to a typed header, constants, a man(5) table and a line of layout.lock. It makes a part of the room
# record, so it cannot link that room.
add_executable(imreg-codegen src/codegen/codegen_main.cc src/codegen/codegen.cc src/record/format.cc src/record/schema.cc)
target_link_libraries(imreg-codegen imreg_os)
target_include_directories(imreg-codegen PRIVATE include src)
set(builtin ${CMAKE_BINARY_DIR}/generated/builtin_table.cc)
add_custom_command(OUTPUT ${builtin} COMMAND imreg-codegen -table ${builtin} ${format_files}
                   DEPENDS imreg-codegen ${format_files} VERBATIM)
target_sources(imreg_record PRIVATE ${builtin})
set(generated_headers)
foreach(file ${format_files})
  get_filename_component(name ${file} NAME_WLE)
  set(header ${CMAKE_BINARY_DIR}/generated/formats/${name}.h)
  add_custom_command(OUTPUT ${header} COMMAND imreg-codegen -header ${file} ${header} DEPENDS imreg-codegen ${file} VERBATIM)
  list(APPEND generated_headers ${header})
endforeach()
add_custom_target(imreg_generated DEPENDS ${generated_headers})

# Likewise the names of filters: a part of the room camera.
add_executable(imreg-filters src/camera/filters_main.cc src/camera/filters.cc src/camera/line.cc src/camera/pattern.cc)
target_link_libraries(imreg-filters imreg_os)
target_include_directories(imreg-filters PRIVATE include src)
set(filters ${CMAKE_BINARY_DIR}/generated/builtin_filters.cc)
add_custom_command(OUTPUT ${filters} COMMAND imreg-filters ${filters} ${filter_lists}
                   DEPENDS imreg-filters ${filter_lists} VERBATIM)
target_sources(imreg_camera PRIVATE ${filters})

# Man pages with tables that are made.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
function(page_with_tables name)
  list(TRANSFORM ARGN REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/formats/\\1.fmt" OUTPUT_VARIABLE formats)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/${name}
                     COMMAND imreg-codegen -page ${CMAKE_SOURCE_DIR}/man/${name} ${CMAKE_BINARY_DIR}/man/${name} ${formats}
                     DEPENDS imreg-codegen ${formats} ${CMAKE_SOURCE_DIR}/man/${name} VERBATIM)
  set(made_pages ${made_pages} ${name} PARENT_SCOPE)
endfunction()
page_with_tables(imreg-record.5 regimage)
page_with_tables(imreg-ingest.5 files master datasets)
list(TRANSFORM made_pages PREPEND ${CMAKE_BINARY_DIR}/man/ OUTPUT_VARIABLE made_page_files)
add_custom_target(imreg_pages ALL DEPENDS ${made_page_files})
foreach(room temperature registry)
  add_dependencies(imreg_${room} imreg_generated)
  target_include_directories(imreg_${room} PUBLIC ${CMAKE_BINARY_DIR}/generated)
endforeach()
