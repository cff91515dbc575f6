// man 1 imsearch, -with, has the rules.
#include "ingest/partners.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "formats/files.h"
#include "ingest/file_table.h"

namespace imreg::ingest {

namespace {

std::vector<std::string_view> parts_of(std::string_view table) { return split(table, '_'); }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "raw" of wfc_raw_0 (table_name.cc).
std::string kind_of(std::string_view table) {
  const auto parts = parts_of(table);
  const bool acs =
      parts.size() == 3 && is_number(parts[2]) && (parts[0] == "wfc" || parts[0] == "hrc" || parts[0] == "sbc");
  return acs ? std::string(parts[1]) : "";
}

// A column may be of any type: keywords get theirs from what comes.
std::optional<double> number_in(RecordView row, const FieldInfo* field) {
  if (!field) return {};
  const Value value = value_of(row, *field);
  double out = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string_view>(&value); text && parse_number(*text, out)) return out;
  return {};
}

OriginOf of_headers(const Schema& schema, const std::string& name) {
  return [own = headers::OwnFields(schema), kind = kind_of(name), extver = schema.find("extver")](RecordView row,
                                                                                                  Origin& out) {
    out = {row[own.file], std::string(row[own.rootname]), kind, row[own.hdu], number_in(row, extver)};
    return Status();
  };
}

void take_file(RecordView row, Origin& out) {
  out.file = row[files::kNumber];
  out.rootname = row[files::kRootname];
  out.filetype = row[files::kFiletype];
}

// Images: their path leads to files.db.
class ImageOrigins {
 public:
  static Result<std::shared_ptr<ImageOrigins>> make(const Schema& images, const std::string& folder,
                                                    const PathRoots& roots, int jobs) {
    auto out = std::make_shared<ImageOrigins>();
    out->roots_ = &roots;
    IMREG_ASSIGN(out->pathname_, find_field<Text>(images, "pathname"));
    IMREG_ASSIGN(out->filename_, find_field<Text>(images, "filename"));
    out->extension_ = images.find("extension");
    const std::string path = FileTable::path_in(folder);
    auto known = RecordFile::open(path);
    if (!known && known.status().code() == Code::not_found)
      return Status(Code::not_found,
                    "is missing, so that nobody knows which header is of which image; imingest makes it")
          .in_file(path);
    if (!known) return known.status();
    out->files_ = std::make_unique<RecordFile>(*std::move(known));
    if (out->files_->schema().format != files::kFormat)
      return Status(Code::mismatch, "is no table of files of this release").in_file(path);
    IMREG_ASSIGN(out->index_, KeyIndex::make(*out->files_, jobs, [](RecordView row) {
                   return hash_of(row[files::kFilename], hash_of(row[files::kPathname]));
                 }));
    out->file_ = out->files_->make_record();
    return out;
  }

  Status of(RecordView row, Origin& out) {
    const auto folder = row[pathname_], name = row[filename_];
    if (folder != last_folder_ || name != last_name_) {  // neighbours often are CCDs of one file
      last_folder_ = folder;
      last_name_ = name;
      IMREG_TRY(look_up(roots_->expand(folder)));
    }
    out = found_;
    if (const auto hdu = number_in(row, extension_)) out.hdu = static_cast<int>(*hdu);
    return {};
  }

 private:
  Status look_up(const std::string& folder) {
    found_ = {};
    Status trouble;
    index_->each(hash_of(last_name_, hash_of(folder)), [&](std::int64_t row) {
      Status read = files_->read(row, file_);
      if (!read.ok())
        trouble = std::move(read);
      else if (file_[files::kFilename] == last_name_ && file_[files::kPathname] == folder)
        take_file(file_.view(), found_);
    });
    return found_.file > 0 ? Status() : trouble;
  }

  const PathRoots* roots_ = nullptr;
  Field<Text> pathname_{}, filename_{};
  const FieldInfo* extension_ = nullptr;
  std::unique_ptr<RecordFile> files_;
  std::optional<KeyIndex> index_;
  Record file_{0};
  std::string last_folder_, last_name_;
  Origin found_;
};

}  // namespace

Result<OriginOf> origins_of(const RecordFile& rows, const std::string& name, const std::string& folder,
                            const PathRoots& roots, int jobs) {
  const Schema& schema = rows.schema();
  if (headers::check_own_fields(schema).ok()) return of_headers(schema, name);
  if (schema.format == files::kFormat && schema.version == files::kVersion) {
    return OriginOf([](RecordView row, Origin& out) {
      take_file(row, out);
      out.hdu = 0;
      return Status();
    });
  }
  if (!find_field<Text>(schema, "pathname") || !find_field<Text>(schema, "filename"))
    return Status(Code::mismatch, "-with: its rows have no pathname and filename by which headers could be found")
        .in_file(rows.path());
  IMREG_ASSIGN(const auto images, ImageOrigins::make(schema, folder, roots, jobs));
  return OriginOf([images](RecordView row, Origin& out) { return images->of(row, out); });
}

Result<Partners> Partners::open(const std::string& path, const std::string& name, JoinBy by, int jobs) {
  Partners out;
  IMREG_ASSIGN(auto file, RecordFile::open(path));
  IMREG_TRY(headers::check_own_fields(file.schema()).in_file(path));
  out.file_ = std::make_unique<RecordFile>(std::move(file));
  out.own_.emplace(out.file_->schema());
  out.extver_ = out.file_->schema().find("extver");
  out.by_ = by;
  out.jobs_ = jobs;
  out.kind_ = kind_of(name);
  out.one_hdu_ = is_number(parts_of(name).back());
  return out;
}

Status Partners::make_index(std::optional<KeyIndex>& index, bool by_file) const {
  const auto file = own_->file;
  const auto rootname = own_->rootname;
  IMREG_ASSIGN(index, KeyIndex::make(*file_, jobs_, [=](RecordView row) {
                 if (by_file) return hash_of(static_cast<std::uint64_t>(row[file]));
                 return row[rootname].empty() ? 0 : hash_of(row[rootname]);
               }));
  return {};
}

Status Partners::find(const KeyIndex& index, std::uint64_t hash, const std::function<bool(const Record&)>& is_same) {
  Status trouble;
  index.each(hash, [&](std::int64_t row) {
    rows_.push_back(file_->make_record());
    if (Status read = file_->read(row, rows_.back()); !read.ok()) trouble = std::move(read);
    if (rows_.back()[own_->deleted] || !is_same(rows_.back())) rows_.pop_back();
  });
  return trouble;
}

void Partners::narrow(const Origin& origin) {
  if (one_hdu_ || rows_.empty() || origin.hdu == 0) return;
  const auto has_hdu = [&](const Record& row) { return origin.hdu == row[own_->hdu]; };
  if (std::any_of(rows_.begin(), rows_.end(), has_hdu)) {
    std::erase_if(rows_, std::not_fn(has_hdu));
    return;
  }
  if (origin.extver) {
    const auto is_other = [&](const Record& row) {
      const auto extver = number_in(row.view(), extver_);
      return extver && *extver != *origin.extver;
    };
    const auto is_same = [&](const Record& row) { return number_in(row.view(), extver_) == origin.extver; };
    if (std::any_of(rows_.begin(), rows_.end(), is_same)) {
      std::erase_if(rows_, std::not_fn(is_same));
      return;
    }
    std::erase_if(rows_, is_other);
  }
  if (rows_.size() > 1) rows_.clear();  // any of them could be meant: none is better than a wrong one
}

Result<const std::vector<Record>*> Partners::of(const Origin& origin) {
  rows_.clear();
  const bool by_file = by_ == JoinBy::file || (by_ == JoinBy::kind && (kind_.empty() || kind_ == origin.filetype));
  auto& index = by_file ? by_file_ : by_rootname_;
  if (by_file ? origin.file <= 0 : origin.rootname.empty()) return &rows_;
  if (!index) IMREG_TRY(make_index(index, by_file));
  if (by_file) {
    IMREG_TRY(find(*index, hash_of(static_cast<std::uint64_t>(origin.file)),
                   [&](const Record& row) { return row[own_->file] == origin.file; }));
  } else {
    IMREG_TRY(find(*index, hash_of(origin.rootname),
                   [&](const Record& row) { return row[own_->rootname] == origin.rootname; }));
  }
  narrow(origin);
  return &rows_;
}

std::string Partners::told() const {
  std::string out;
  if (by_file_) out = "by file";
  if (by_rootname_) out += std::string(out.empty() ? "" : " and ") + "by rootname";
  return out.empty() ? "not needed" : out + ", among " + counted((by_file_ ? *by_file_ : *by_rootname_).size(), "row");
}

}  // namespace imreg::ingest
