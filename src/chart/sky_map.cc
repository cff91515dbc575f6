// A map of the sky.
#include "chart/pictures.h"
namespace imreg::chart {
Status draw(const SkyMap&, Canvas&) { return Status(Code::invalid, "not yet"); }
Status draw(const FocalPlane&, Canvas&) { return Status(Code::invalid, "not yet"); }
}  // namespace imreg::chart
