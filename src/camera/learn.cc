#include "imreg/camera_tools.h"

namespace imreg {

Result<std::string> learn_table(const std::vector<std::string>&, const Cameras&) {
  return Status(Code::invalid, "learn is not built yet");
}

}  // namespace imreg
