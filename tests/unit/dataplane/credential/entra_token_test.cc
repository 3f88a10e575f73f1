#include "dataplane/credential/entra_token.h"

#include <gtest/gtest.h>

namespace lmgate::credential {
namespace {

EntraApplication TestApplication() {
  return {.tenant_id = "contoso.onmicrosoft.com",
          .client_id = "11111111-2222",
          .client_secret = "s~e/c+r=t&",
          .authority = "https://login.microsoftonline.com",
          .scope = "https://cognitiveservices.azure.com/.default"};
}

TEST(EntraToken, IsAskedForAtTheTenantsEndpoint) {
  EXPECT_EQ(EntraTokenUrl(TestApplication()),
            "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
}

TEST(EntraToken, ATenantStaysOneSegment) {
  EntraApplication application = TestApplication();
  application.tenant_id = "../evil?x";

  EXPECT_EQ(EntraTokenUrl(application),
            "https://login.microsoftonline.com/..%2Fevil%3Fx/oauth2/v2.0/token");
}

TEST(EntraToken, TheFormCarriesTheSecret) {
  EXPECT_EQ(EntraTokenForm(TestApplication()),
            "client_id=11111111-2222&client_secret=s~e%2Fc%2Br%3Dt%26&"
            "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&"
            "grant_type=client_credentials");
}

}  // namespace
}  // namespace lmgate::credential
