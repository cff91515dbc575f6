// Which pixels of an image are overscan and which are data: what the header says, held against the image.
#pragma once

#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/pixels.h"

namespace imreg::measure {

struct CcdSections {
  std::vector<PixelBox> data, bias;
  struct Amplifier {
    PixelBox data, bias;
  };
  std::vector<Amplifier> amplifiers;  ///< where the header names both of each, and their data are all of `data`
  std::vector<std::string> notes;
};

/// `facts`: what the camera table makes of BIASSEC, DATASEC, TRIMSEC; of the image or, of an amplifier, of its CCD.
CcdSections sections_of(const Header& header, const ImageFacts& facts, std::int64_t width, std::int64_t height);

/// The facts of a CCD as they hold for another one of its amplifiers: cards of the first amplifier are looked up in its own header, what
/// the primary header or the table says is said of all.
ImageFacts facts_of_amplifier(const Hdu& amplifier, const ImageFacts& facts);
/// nullptr: there is no HDU of this number.
const Hdu* hdu_of(const FitsHeaders& headers, int number);

}  // namespace imreg::measure
