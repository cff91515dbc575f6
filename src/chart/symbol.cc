// Areas are about equal, so that no series looks more important than another.
#include "chart/symbol.h"

namespace imreg::chart {

Shape shape_of(Symbol symbol, double r) {
  const double s = 0.9 * r, t = 1.25 * r;
  switch (symbol) {
    case Symbol::dot:
    case Symbol::circle: break;
    case Symbol::square: return {{{{-s, -s}, {s, -s}, {s, s}, {-s, s}}}, false, true};
    case Symbol::triangle: return {{{{0, -t}, {t, 0.8 * t}, {-t, 0.8 * t}}}, true, true};
    case Symbol::triangle_down: return {{{{0, t}, {t, -0.8 * t}, {-t, -0.8 * t}}}, false, true};
    case Symbol::diamond: return {{{{0, -t}, {t, 0}, {0, t}, {-t, 0}}}, true, true};
    case Symbol::plus: return {{{{-t, 0}, {t, 0}}, {{0, -t}, {0, t}}}, false, false};
    case Symbol::cross: return {{{{-r, -r}, {r, r}}, {{-r, r}, {r, -r}}}, false, false};
    case Symbol::star:
      return {{{{-t, 0}, {t, 0}}, {{-0.6 * t, -t}, {0.6 * t, t}}, {{-0.6 * t, t}, {0.6 * t, -t}}}, false, false};
  }
  return {};
}

}  // namespace imreg::chart
