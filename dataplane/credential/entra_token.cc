#include "dataplane/credential/entra_token.h"

#include "common/base/percent_encode.h"
#include "common/base/strings.h"
#include "dataplane/credential/access_token.h"

namespace lmgate::credential {

std::string EntraTokenUrl(const EntraApplication& application) {
  return StrCat(application.authority, "/", PercentEncode(application.tenant_id),
                "/oauth2/v2.0/token");
}

std::string EntraTokenForm(const EntraApplication& application) {
  return EncodeForm({{"client_id", application.client_id},
                     {"client_secret", application.client_secret},
                     {"scope", application.scope},
                     {"grant_type", "client_credentials"}});
}

}  // namespace lmgate::credential
