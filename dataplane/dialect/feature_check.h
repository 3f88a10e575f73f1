#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/contract/dialect_feature.h"
#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// The paths, in the client's request, of the images, files and audio that use a feature; of those
// whose dialect says where they stand.
std::vector<std::string> MediaFields(const chat::ChatRequest& request, contract::Feature feature);

// The features that the request makes use of, in the order of the table, each once.
std::vector<contract::Feature> UsedFeatures(const chat::ChatRequest& request);

// InvalidArgument, naming the field in the client's dialect, for the first feature of the request
// that a backend of dialect `backend` refuses (common/contract/dialect_feature.h). Both dialects
// are of contract::kDialectNames, and not the same.
absl::Status CheckFeatures(const chat::ChatRequest& request, std::string_view client,
                           std::string_view backend);

}  // namespace lmgate::dialect
