#pragma once

#include <string>
#include <string_view>

namespace lmgate::credential {

// Client credentials of an application of Microsoft Entra ID: "OAuth 2.0 client credentials flow on
// the Microsoft identity platform", with a shared secret. The answer is read by ParseAccessToken.
struct EntraApplication {
  std::string tenant_id;
  std::string client_id;
  std::string client_secret;  // SECRET
  std::string authority;      // https://login.microsoftonline.com: no slash at the end
  std::string scope;
};

// Where the form is posted.
std::string EntraTokenUrl(const EntraApplication& application);

// application/x-www-form-urlencoded. SECRET.
std::string EntraTokenForm(const EntraApplication& application);

}  // namespace lmgate::credential
