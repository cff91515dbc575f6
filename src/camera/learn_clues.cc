// What names, comments and forms of values say about a keyword: which field it is of, and in which unit.
#include <algorithm>

#include "base/text.h"
#include "camera/learn_draft.h"

namespace imreg::camera {

namespace {

// Evidence that a keyword is of a field. Points are added: the best line for its name and the best for its comment,
// less the worst of each that speaks against it. Names and comments in lower case, globs divided by |.
struct Clue {
  Field field;
  int points;
  std::string_view names, comments;
};

constexpr Clue kClues[] = {
    {Field::exptime, 3,
     "exptime*|expos*|*exptim*|inttime|int_time|itime|texp*|integ*|duration|xposure|*exp_time|*_dit|* dit", ""},
    {Field::exptime, 2, "*exp*|*int*t*|*last*|*dur*|*time", ""},
    {Field::exptime, 3, "",
     "*exposure time*|*exposure dur*|*integration time*|*length of "
     "exp*|*time*shutter*open*|*shutter*open*|*shutter*open*time*"},
    {Field::exptime, 3, "",
     "*duration of*exp*|*exptime*|*shutter*[[(]s*|*shutter*[[(]m*|*length of*integ*|*total*exposure*"},
    {Field::exptime, 2, "", "*exposure*|*integration*|*how long*shutter*|*how long*light*|*duration*"},
    {Field::exptime, 1, "", "*[[(]s]*|*[[(]s)*|*[[(]sec*|*second*|*[[(]min*|*minutes*|*millisec*|*[[(]ms*|*[[(]h]*"},
    {Field::exptime, -4,
     "*start*|*end*|*beg*|mjd*|date*|*date|*_id|*id|nexp*|num*|*num|*max*|*min|dark*|*lst*|*_ut|ut*|jd*|*mjd*|*level*",
     ""},
    {Field::exptime, -4, "",
     "*start*|* end *|*begin*|*number "
     "of*|dead*|*request*|*command*|*maxim*|*minimum*|*sequence*|*mjd*|*modified*|*date*|* ut *|*ut time*"},
    {Field::exptime, 1, "", "*actual*|*total*|*effective*"},
    {Field::exptime, -3, "",
     "*per *|*each*|*single*|*frame time*|*frame exp*|*asked*|*average*|*mid*|* id*|*meter*|*dark*|*lamp*|*map*"},

    {Field::airmass, 4, "airmass*|*airm*|secz|secz*|*airmass", ""},
    {Field::airmass, 4, "", "*air mass*|*airmass*|*sec*zenith*|*sec(z*|*secant*"},
    {Field::airmass, -2, "*end|*stop|*2", "* end*|*stop*|*finish*"},
    {Field::airmass, -4, "*ext*", "*extinction*|*error*"},

    {Field::dettemp, 3,
     "*ccd*te*|*te*ccd*|*det*te*|*te*det*|*chip*te*|*sens*te*|*arr*te*|*det*tmp*|*ccd*tmp*|*fpa*te*|t_*ccd*|t*ccd*",
     ""},
    {Field::dettemp, 3, "detarray|*dettem*|*ccdtem*", ""},
    {Field::dettemp, 1, "*temp*|*tmp*|t_*|t[0-9]", ""},
    {Field::dettemp, 3, "",
     "*ccd*temp*|*detector*temp*|*chip*temp*|*array*temp*|*sensor*temp*|*focal "
     "plane*temp*|*temp*ccd*|*temp*detector*|*temp*chip*|*temp*sensor*|*temp*array*"},
    {Field::dettemp, 1, "", "*degc*|*deg c*|*deg. c*|*celsius*|*kelvin*|*[[(]c?*|*[[(]k?*|* c|* k|*degrees c*"},
    {Field::dettemp, -3,
     "*set*|*sp|*targ*|*amb*|*amp*|*dew*|*hous*|*heat*|*ctrl*|*power*|*volt*|*date*|*time*|*err*|*var|*2", ""},
    {Field::dettemp, -3, "",
     "*set*|*target*|*ambient*|*baseplate*|*base plate*|*cold plate*|*detector "
     "side*|*window*|*dewar*|*housing*|*electronic*|*heater*|*controller*|*shield*|*mirror*|*volt*|*cold "
     "head*|*date*|*dome*|*cooler*"},

    {Field::telfocus, 3, "*foc*", ""},
    {Field::telfocus, 3, "", "*focus*"},
    {Field::telfocus, -4, "*focal*|*foclen*|*focn*|*focst*|*foctemp*|*fratio*|*date*|*mode*|*mask*|*len|*scale*", ""},
    {Field::telfocus, -4, "", "*focal*|*ratio*|*station*|*temp*|*which*|*guid*|*offset*"},

    {Field::rotangle, 3, "rot*|*rota|*rotang*|*posang*|pa|*_pa|*rotpos*", ""},
    {Field::rotangle, 3, "", "*rotator*|*position angle*|*rotation angle*|*sky angle*"},
    {Field::rotangle, -4, "*off*|*rate*|*mode*|*crota*|*lo|*hi", "*offset*|*rate*|*speed*|*mode*|*wcs*|*coord*"},

    {Field::object, 3, "object|objname|obj_name|target|targname|targ_nam|source|srcname|fieldname", ""},
    {Field::object, 2, "obj*|*targ*|*source*|*pointed*|*field*", ""},
    {Field::object, 4, "",
     "*name of*object*|*object name*|*target name*|*name of*target*|*observed object*|*object observed*|*source "
     "name*|*name of*source*|*title of*obs*"},
    {Field::object, -4, "*ra|*dec|*type|*typ|*id|*num*|*class*|*epoch*|*equi*|*file*",
     "*coord*|*right asc*|*declin*|*type*|*class*|*catalog*|*mode*"},

    {Field::instrument, 4, "instrum*|instrument", ""},
    {Field::instrument, 2, "*camera*|detnam*|*instr*|detector", ""},
    {Field::instrument, 3, "",
     "*instrument*name*|*name of*instrument*|*instrument used*|*camera name*|*name of*camera*|instrument|*acquisition "
     "instrument*|*detector name*"},
    {Field::instrument, -4, "*mode*|*conf*|*id|*soft*|*ver*|*temp*",
     "*mode*|*config*|*software*|*version*|*temp*|*status*|*port*"},

    {Field::ccd, 4, "ccdnum|chipnum|chipid|ccdid|ccd_id|det-id|detid|det_id|camnum|cam_num|detnum|ccdno|ccdchip|chip",
     ""},
    {Field::ccd, 3, "detector", ""},
    {Field::ccd, 2, "*ccd*|*chip*|*det*|extver|*imageid", ""},
    {Field::ccd, 3, "",
     "*ccd num*|*chip num*|*detector num*|*number of*chip in*|*ccd id*|*detector id*|*chip id*|*camera number*|*id "
     "of*detector*|*id of*ccd*|*which ccd*|*which chip*"},
    {Field::ccd, -6, "*size*|*temp*|*sum*|*gain*|*noise*|*sec*|*bin*|n*|*x*|*y*|*ser*|*time*|*bias*",
     "*number of ccds*|*number of chips*|*number of detectors*|*number of amp*|*serial*|*size*|*temp*|*binning*"},

    {Field::pixscale, 4, "pixscale|pixscal1|secpix|secpix1|*pltscale*|*pixscl*|*pscale*", ""},
    {Field::pixscale, 4, "", "*pixel scale*|*arcsec*/*pix*|*arcsec*per*pix*|*plate scale*"},
    {Field::pixscale, -3, "*2|*y", "*guid*|*mm*"},

    {Field::datasec, 4, "datasec|*datasec|data_sec|*imgsec*", "*data section*|*image section*|*useful*|*part*light*"},
    {Field::biassec, 4, "biassec|*biassec|bias_sec|oversc*|*oscan*", "*overscan*|*bias section*|*bias area*"},
    {Field::trimsec, 4, "trimsec|*trimsec|trim_sec", "*trim*"},
    {Field::detsec, 4, "detsec|*detsec|det_sec", "*detector section*|*position on*detector*|*mosaic section*"},
};

// Only a detector is as cold as that, in degrees Celsius or in kelvin.
bool is_cold(const Keyword& keyword) {
  return std::all_of(keyword.cards.begin(), keyword.cards.end(), [](const std::optional<CardValue>& card) {
    const double number = card ? card->number().value_or(-100) : -100;
    return (number > -273 && number < -25) || (number > 60 && number < 200);
  });
}

}  // namespace

int points_for(Field field, const Keyword& keyword) {
  const std::string name = to_lower(keyword.name);
  int name_best = 0, says_best = 0, name_worst = 0, says_worst = 0, extra = 0;
  for (const Clue& clue : kClues) {
    if (clue.field != field) continue;
    const bool in_name = fits(clue.names, name), in_says = fits(clue.comments, keyword.says);
    if (clue.points == 1 && in_says) {
      extra = 1;
      continue;
    }
    if (in_name) name_best = std::max(name_best, clue.points), name_worst = std::min(name_worst, clue.points);
    if (in_says) says_best = std::max(says_best, clue.points), says_worst = std::min(says_worst, clue.points);
  }
  if (field == Field::dettemp && name_best > 1 && is_cold(keyword)) extra = 1;
  return name_best + says_best + extra + name_worst + says_worst;
}

// The unit that a comment says in words, where the engine does not read it itself.
std::string unit_of(Field field, const Keyword& keyword) {
  const std::string& says = keyword.says;
  if (dimension_of(field) == Dimension::time) {
    if (fits("*minute*|*[[(]min*|* min|*in min", says)) return " min";
    if (fits("*millisec*|*msec*|*[[(]ms*", says)) return " ms";
    if (fits("*microsec*|*usec*", says)) return " us";
    if (fits("*hours*|*[[(]h]*|*[[(]hr*", says)) return " h";
    if (fits("*[[(]d]*|*[[(]days*|*in days*", says)) return " d";
    return " s";
  }
  if (dimension_of(field) == Dimension::temperature) {
    bool warm = true;  // above 60 it can only be kelvin
    for (const std::optional<CardValue>& card : keyword.cards) {
      const double number = card ? card->number().value_or(61) : 61;
      warm = warm && number > 60 && number < 350;
    }
    return warm || fits("*kelvin*|*[[(]k?*|* k", says) ? " K 1..350" : " C -273..60";
  }
  if (field == Field::telfocus) return " -1e6..1e6";
  return "";
}

namespace {

std::string modifiers(Field field, const Keyword& keyword) {
  if (dimension_of(field) == Dimension::text) return field == Field::instrument ? " text" : "";
  const bool colons = !keyword.numeric && keyword.example.find(':') != std::string::npos;
  return unit_of(field, keyword) + (colons && dimension_of(field) != Dimension::section ? " sexagesimal" : "");
}

}  // namespace

// Keywords that may give the field, the best first.
std::vector<Found> candidates(const Lesson& lesson, Field field, int least) {
  std::vector<Found> out;
  for (const Keyword& keyword : lesson.keywords) {
    if (keyword.count == 0) continue;
    const int points = points_for(field, keyword);
    if (points < least) continue;
    out.push_back(
        {points, &keyword, std::string(name_of(field)) + " " + quoted_key(keyword.name) + modifiers(field, keyword)});
  }
  std::stable_sort(out.begin(), out.end(), [](const Found& a, const Found& b) {
    return a.points != b.points ? a.points > b.points : a.keyword->count > b.keyword->count;
  });
  constexpr std::size_t kMost = 12;
  if (out.size() > kMost) out.resize(kMost);
  return out;
}

}  // namespace imreg::camera
