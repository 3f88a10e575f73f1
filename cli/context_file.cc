#include "cli/context_file.h"

#include <absl/strings/ascii.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/exit_code.h"
#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

// What a context has beside its name, by the words of the file.
constexpr std::pair<std::string_view, std::string Context::*> kFields[] = {
    {"server", &Context::server},
    {"token_file", &Context::token_file},
    {"ca", &Context::ca},
    {"client_cert", &Context::client_cert},
    {"client_key", &Context::client_key},
};

absl::Status FieldError(const std::string& path, std::string_view field, std::string_view what) {
  return UsageError(StrCat(path, ": ", field, ": ", what));
}

absl::StatusOr<std::string> Scalar(const YAML::Node& node, const std::string& path,
                                   std::string_view field) {
  if (!node.IsScalar()) return FieldError(path, field, "expected text");
  return node.Scalar();
}

absl::StatusOr<Context> ParseContext(const std::string& name, const YAML::Node& node,
                                     const std::string& path) {
  const std::string context_path = StrCat("contexts.", name);
  LMGATE_RETURN_IF_ERROR(CheckContextName(name));
  if (!node.IsMap()) return FieldError(path, context_path, "expected fields");
  Context context{.name = name};
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    const std::string key_path = StrCat(context_path, ".", key);
    LMGATE_ASSIGN_OR_RETURN(std::string value, Scalar(entry.second, path, key_path));
    const auto field = std::find_if(std::begin(kFields), std::end(kFields),
                                    [&key](const auto& known) { return known.first == key; });
    if (field == std::end(kFields)) {
      return FieldError(path, key_path,
                        "unknown field; known are server, token_file, ca, client_cert, client_key");
    }
    context.*field->second = std::move(value);
  }
  return context;
}

absl::StatusOr<ContextFile> ParseDocument(const YAML::Node& document, const std::string& path) {
  ContextFile file{.path = path};
  if (document.IsNull()) return file;
  if (!document.IsMap()) return FieldError(path, "document", "expected `current` and `contexts`");
  for (const auto& entry : document) {
    const std::string key = entry.first.Scalar();
    if (key == "current") {
      LMGATE_ASSIGN_OR_RETURN(file.current, Scalar(entry.second, path, key));
    } else if (key == "contexts" && entry.second.IsMap()) {
      for (const auto& item : entry.second) {
        LMGATE_ASSIGN_OR_RETURN(Context context,
                                ParseContext(item.first.Scalar(), item.second, path));
        file.contexts.push_back(std::move(context));
      }
    } else {
      return FieldError(path, key, "unknown field; known are current and contexts");
    }
  }
  return file;
}

std::string ContextFileText(const ContextFile& file) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  if (!file.current.empty()) {
    out << YAML::Key << "current" << YAML::Value << YAML::DoubleQuoted << file.current;
  }
  out << YAML::Key << "contexts" << YAML::Value << YAML::BeginMap;
  for (const Context& context : file.contexts) {
    out << YAML::Key << YAML::DoubleQuoted << context.name << YAML::Value << YAML::BeginMap;
    for (const auto& [key, member] : kFields) {
      const std::string& value = context.*member;
      if (value.empty()) continue;
      out << YAML::Key << std::string(key) << YAML::Value << YAML::DoubleQuoted << value;
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return StrCat(out.c_str(), "\n");
}

absl::Status WriteError(const std::string& path) {
  return UsageError(StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

}  // namespace

const Context* ContextFile::Find(std::string_view name) const {
  const auto found = std::find_if(contexts.begin(), contexts.end(),
                                  [name](const Context& context) { return context.name == name; });
  return found == contexts.end() ? nullptr : &*found;
}

std::string ContextFilePath(const std::optional<std::string>& xdg_config_home,
                            const std::optional<std::string>& home) {
  // Relative values are to be ignored: XDG Base Directory Specification.
  if (xdg_config_home.has_value() && xdg_config_home->starts_with('/')) {
    return StrCat(*xdg_config_home, "/lmctl/config.yaml");
  }
  if (home.has_value() && !home->empty()) return StrCat(*home, "/.config/lmctl/config.yaml");
  return "";
}

absl::Status CheckContextName(std::string_view name) {
  const bool lawful =
      !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ||
               c == '.';
      });
  if (lawful) return absl::OkStatus();
  return UsageError("a context's name has 1 to 64 letters, digits, '_', '-' and '.'");
}

absl::StatusOr<ContextFile> ParseContextFile(std::string_view text, const std::string& path) {
  if (text.size() > kContextFileBytesMax) {
    return UsageError(StrCat(path, " is longer than ", kContextFileBytesMax, " bytes"));
  }
  try {
    return ParseDocument(YAML::Load(std::string(text)), path);
  } catch (const YAML::Exception& error) {
    return UsageError(StrCat(path, ": ", error.what()));
  }
}

absl::StatusOr<ContextFile> ReadContextFile(const std::string& path) {
  if (path.empty()) return ContextFile{};
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return ContextFile{.path = path};
  std::ifstream in(path, std::ios::binary);
  std::string text(kContextFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.is_open()) {
    return UsageError(StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  text.resize(static_cast<size_t>(in.gcount()));
  return ParseContextFile(text, path);
}

absl::Status WriteContextFile(const ContextFile& file) {
  if (file.path.empty()) {
    return UsageError("there is no place for lmctl/config.yaml", "set XDG_CONFIG_HOME or HOME");
  }
  const std::filesystem::path folder = std::filesystem::path(file.path).parent_path();
  std::error_code failed;
  std::filesystem::create_directories(folder.parent_path(), failed);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return WriteError(folder.string());

  const std::string text = ContextFileText(file);
  const std::string fresh = StrCat(file.path, ".", getpid());
  const int descriptor = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return WriteError(file.path);
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = close(descriptor) == 0;
  if (!written || !closed || rename(fresh.c_str(), file.path.c_str()) != 0) {
    const absl::Status status = WriteError(file.path);
    unlink(fresh.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace lmgate::cli
