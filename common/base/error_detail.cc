#include "common/base/error_detail.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "lmgate/v1/admin.pb.h"

namespace lmgate {
namespace {

constexpr char kPayloadUrl[] = "type.lmgate/lmgate.v1.ErrorDetail";

}  // namespace

absl::Status WithFieldHint(absl::Status status, FieldHint detail) {
  v1::ErrorDetail message;
  message.set_field(std::move(detail.field));
  message.set_hint(std::move(detail.hint));
  status.SetPayload(kPayloadUrl, absl::Cord(message.SerializeAsString()));
  return status;
}

std::optional<FieldHint> GetFieldHint(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  v1::ErrorDetail message;
  if (!message.ParseFromString(std::string(*payload))) return std::nullopt;
  return FieldHint{.field = message.field(), .hint = message.hint()};
}

size_t EditDistance(std::string_view a, std::string_view b) {
  constexpr size_t kLengthMax = 256;
  if (a.size() > kLengthMax || b.size() > kLengthMax) return std::max(a.size(), b.size());
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitution, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace lmgate
