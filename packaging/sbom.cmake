# SPDX-License-Identifier: Apache-2.0
# Run at build: an SPDX 2.3 document that names what is shipped and everything it is made of.
#
#   cmake -D FILES=… -D HEADERS=… -D MODEL=… -D VERSION=… -D CHANGELOG=… -D READELF=… -D COMPILER=… -D OUTPUT=… -P sbom.cmake
#
# FILES: the programs and libraries that are shipped; HEADERS: packages whose headers are compiled in. What they load is read from them, and asked of dpkg: its package,
# version, and from the table below its licence. A library that the table lacks ends the build: whoever links it adds it.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/release_date.cmake)

# source package|licence|where it comes from. Debian's packages of one source have one row.
set(known
  "onetbb|Apache-2.0|https://github.com/oneapi-src/oneTBB"
  "protobuf|BSD-3-Clause|https://github.com/protocolbuffers/protobuf"
  "onnx|MIT|https://github.com/onnx/onnx"
  "libmd|BSD-3-Clause|https://www.hadrons.org/software/libmd/"
  "opencv|Apache-2.0 AND BSD-3-Clause|https://opencv.org"
  "libjpeg-turbo|IJG AND BSD-3-Clause AND Zlib|https://libjpeg-turbo.org"
  "libpng1.6|Libpng|http://www.libpng.org"
  "tiff|libtiff|http://libtiff.maptools.org"
  "libwebp|BSD-3-Clause|https://developers.google.com/speed/webp"
  "freetype|FTL OR GPL-2.0-or-later|https://freetype.org"
  "harfbuzz|MIT-Modern-Variant|https://harfbuzz.github.io"
  "fontconfig|HPND-sell-variant|https://www.freedesktop.org/wiki/Software/fontconfig/"
  "glibc|LGPL-2.1-or-later|https://www.gnu.org/software/libc/"
  "gcc-12|GPL-3.0-or-later WITH GCC-exception-3.1|https://gcc.gnu.org"
  "nlohmann-json3|MIT|https://json.nlohmann.me"
  "eigen3|MPL-2.0|http://eigen.tuxfamily.org"
  "cli11|BSD-3-Clause|https://github.com/CLIUtils/CLI11")

function(output_of variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# package_of(VARIABLE FILE): the package that owns a file, by whichever name of it dpkg knows (/lib is /usr/lib).
function(package_of variable file)
  file(REAL_PATH ${file} real)
  string(REGEX REPLACE "^/usr/" "/" short ${real})
  foreach(name ${file} ${real} ${short})
    execute_process(COMMAND dpkg-query -S ${name} OUTPUT_VARIABLE owner ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      string(REGEX REPLACE "[:,].*" "" owner "${owner}")
      set(${variable} ${owner} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${file}: no Debian package holds it; the list of what is shipped needs one")
endfunction()

# What the files load, without their own libraries: names, each once.
set(libraries "")
foreach(file ${FILES})
  output_of(section ${READELF} -d ${file})
  string(REPLACE "[" "<" section "${section}") # brackets would hold a list together
  string(REPLACE "]" ">" section "${section}")
  string(REGEX MATCHALL "Shared library: <[^>]+" found "${section}")
  list(TRANSFORM found REPLACE ".*<" "")
  list(APPEND libraries ${found})
endforeach()
list(REMOVE_DUPLICATES libraries)
list(FILTER libraries EXCLUDE REGEX "^libdetect")
list(SORT libraries)

# Their packages, each with the libraries that it gives.
set(packages "")
foreach(library ${libraries})
  output_of(file ${COMPILER} -print-file-name=${library})
  package_of(package ${file})
  list(APPEND packages ${package})
  list(APPEND given_by_${package} ${library})
endforeach()
list(REMOVE_DUPLICATES packages)
foreach(package ${HEADERS})
  set(relation_${package} STATIC_LINK)
  list(APPEND packages ${package})
endforeach()
list(SORT packages)

set(entries "")
set(relations "")
foreach(package ${packages})
  output_of(fields dpkg-query -W -f "\${Version}|\${source:Package}|\${Architecture}" ${package})
  string(REPLACE "|" ";" fields "${fields}")
  list(POP_FRONT fields version source architecture)
  set(row ${known})
  list(FILTER row INCLUDE REGEX "^${source}\\|")
  if(NOT row)
    message(FATAL_ERROR "${package} (source ${source}) is linked, and packaging/sbom.cmake has no licence for it: add its row")
  endif()
  string(REPLACE "|" ";" row "${row}")
  list(GET row 1 licence)
  list(GET row 2 home)
  if(relation_${package})
    set(relation STATIC_LINK)
    set(comment "headers that are compiled in")
  else()
    set(relation DYNAMIC_LINK)
    list(JOIN given_by_${package} ", " comment)
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" id ${package})
  string(REPLACE "+" "%2B" url_version "${version}")
  string(REPLACE ":" "%3A" url_version "${url_version}")
  string(APPEND entries ",
    {
      \"SPDXID\": \"SPDXRef-Package-${id}\",
      \"name\": \"${package}\",
      \"versionInfo\": \"${version}\",
      \"supplier\": \"Organization: Debian\",
      \"downloadLocation\": \"NOASSERTION\",
      \"filesAnalyzed\": false,
      \"homepage\": \"${home}\",
      \"licenseConcluded\": \"${licence}\",
      \"licenseDeclared\": \"${licence}\",
      \"copyrightText\": \"NOASSERTION\",
      \"comment\": \"${comment}\",
      \"externalRefs\": [{
        \"referenceCategory\": \"PACKAGE-MANAGER\",
        \"referenceType\": \"purl\",
        \"referenceLocator\": \"pkg:deb/debian/${package}@${url_version}?arch=${architecture}\"
      }]
    }")
  string(APPEND relations ",
    {\"spdxElementId\": \"SPDXRef-Package-detect\", \"relationshipType\": \"${relation}\", \"relatedSpdxElement\": \"SPDXRef-Package-${id}\"}")
endforeach()

file(SHA256 ${MODEL} model_hash)
set(body "  \"packages\": [
    {
      \"SPDXID\": \"SPDXRef-Package-detect\",
      \"name\": \"detect\",
      \"versionInfo\": \"${VERSION}\",
      \"supplier\": \"Organization: The detect authors\",
      \"downloadLocation\": \"NOASSERTION\",
      \"filesAnalyzed\": false,
      \"licenseConcluded\": \"Apache-2.0\",
      \"licenseDeclared\": \"Apache-2.0\",
      \"copyrightText\": \"NOASSERTION\",
      \"primaryPackagePurpose\": \"APPLICATION\"
    },
    {
      \"SPDXID\": \"SPDXRef-Package-circuit-board-model\",
      \"name\": \"circuit_board.safetensors\",
      \"versionInfo\": \"${VERSION}\",
      \"downloadLocation\": \"NOASSERTION\",
      \"filesAnalyzed\": false,
      \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": \"${model_hash}\"}],
      \"licenseConcluded\": \"NOASSERTION\",
      \"licenseDeclared\": \"NOASSERTION\",
      \"copyrightText\": \"NOASSERTION\",
      \"comment\": \"The bundled weights; THIRD_PARTY_NOTICES.md says what they were trained on\",
      \"primaryPackagePurpose\": \"FILE\"
    },
    {
      \"SPDXID\": \"SPDXRef-Package-unicode-character-database\",
      \"name\": \"Unicode Character Database\",
      \"downloadLocation\": \"NOASSERTION\",
      \"filesAnalyzed\": false,
      \"homepage\": \"https://www.unicode.org\",
      \"licenseConcluded\": \"Unicode-DFS-2016\",
      \"licenseDeclared\": \"Unicode-DFS-2016\",
      \"copyrightText\": \"Copyright 1991-2021 Unicode, Inc.\",
      \"comment\": \"Tables of composed letters and of their widths were made of it\"
    }${entries}
  ],
  \"relationships\": [
    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-Package-detect\"},
    {\"spdxElementId\": \"SPDXRef-Package-detect\", \"relationshipType\": \"CONTAINS\", \"relatedSpdxElement\": \"SPDXRef-Package-circuit-board-model\"},
    {\"spdxElementId\": \"SPDXRef-Package-detect\", \"relationshipType\": \"CONTAINS\", \"relatedSpdxElement\": \"SPDXRef-Package-unicode-character-database\"}${relations}
  ]
}
")
# The same content has the same name, and the same day: that of the release, or SOURCE_DATE_EPOCH.
string(SHA256 name "${body}")
release_seconds(seconds ${CHANGELOG})
set(ENV{SOURCE_DATE_EPOCH} ${seconds})
string(TIMESTAMP created "%Y-%m-%dT%H:%M:%SZ" UTC)
file(WRITE ${OUTPUT} "{
  \"spdxVersion\": \"SPDX-2.3\",
  \"dataLicense\": \"CC0-1.0\",
  \"SPDXID\": \"SPDXRef-DOCUMENT\",
  \"name\": \"detect-${VERSION}\",
  \"documentNamespace\": \"urn:detect:spdx:${VERSION}:${name}\",
  \"creationInfo\": {\"created\": \"${created}\", \"creators\": [\"Tool: detect-sbom\"]},
${body}")
