#include "dataplane/credential/aws_sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/strings.h"

namespace lmgate::credential {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The keys and the request that AWS's test suite for signature version 4 varies
// (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4).
AwsKeys SuiteKeys() {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
}

SigningRequest SuiteRequest() {
  SigningRequest request;
  request.method = "GET";
  request.host = "example.amazonaws.com";
  request.path = "/";
  request.region = "us-east-1";
  request.service = "service";
  request.amz_date = "20150830T123600Z";
  request.sends_payload_hash = false;
  return request;
}

// Of the line that says it.
std::string SignatureOf(const std::string& lines) {
  constexpr std::string_view kWord = "Signature=";
  const size_t at = lines.find(kWord);
  return at == std::string::npos ? lines : lines.substr(at + kWord.size(), 64);
}

std::string SignatureOfPath(std::string_view path) {
  SigningRequest request = SuiteRequest();
  request.path = path;
  return SignatureOf(SignRequest(SuiteKeys(), request));
}

std::string SignatureOfQuery(std::string_view query) {
  SigningRequest request = SuiteRequest();
  request.query = query;
  return SignatureOf(SignRequest(SuiteKeys(), request));
}

constexpr const char* kVanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

TEST(AwsSigV4, GetVanilla) {
  EXPECT_EQ(SignRequest(SuiteKeys(), SuiteRequest()),
            StrCat("x-amz-date: 20150830T123600Z\r\n", "authorization: AWS4-HMAC-SHA256 ",
                   "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ",
                   "SignedHeaders=host;x-amz-date, Signature=", kVanilla, "\r\n"));
}

TEST(AwsSigV4, PostVanilla) {
  SigningRequest request = SuiteRequest();
  request.method = "POST";

  EXPECT_EQ(SignatureOf(SignRequest(SuiteKeys(), request)),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(AwsSigV4, PostXWwwFormUrlencoded) {
  SigningRequest request = SuiteRequest();
  request.method = "POST";
  request.content_type = "application/x-www-form-urlencoded";
  request.payload = {"Param1", "=", "", "value1"};

  EXPECT_EQ(SignatureOf(SignRequest(SuiteKeys(), request)),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

TEST(AwsSigV4, GetVanillaWithSessionToken) {
  AwsKeys keys = SuiteKeys();
  keys.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";

  const std::string lines = SignRequest(keys, SuiteRequest());

  EXPECT_EQ(SignatureOf(lines), "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
  EXPECT_THAT(lines, HasSubstr(StrCat("\r\nx-amz-security-token: ", keys.session_token, "\r\n")));
  EXPECT_THAT(lines, HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
}

TEST(AwsSigV4, PathsAreEncoded) {
  EXPECT_EQ(SignatureOfPath("/\u1234"),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
  EXPECT_EQ(SignatureOfPath("/example space/"),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
}

TEST(AwsSigV4, PathsAreNormalized) {
  for (const char* const path : {"", "//", "/./", "/example/..", "/example1/example2/../.."}) {
    EXPECT_EQ(SignatureOfPath(path), kVanilla) << path;
  }
  EXPECT_EQ(SignatureOfPath("//a/./b//"), SignatureOfPath("/a/b/"));
  EXPECT_NE(SignatureOfPath("/a/b/"), SignatureOfPath("/a/b"));
}

TEST(AwsSigV4, QueriesAreSorted) {
  EXPECT_EQ(SignatureOfQuery("Param-3=Value3&Param=Value2&%E1%88%B4=Value1"),
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac");
  EXPECT_EQ(SignatureOfQuery("Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(SignatureOfQuery("b&a=2&a=1&"), SignatureOfQuery("a=1&a=2&b="));
}

// translation.md 11: what was encoded for the request line is encoded once more in what is signed.
TEST(AwsSigV4, APathThatIsEncodedIsEncodedOnceMore) {
  SigningRequest request = SuiteRequest();
  request.path = "/model/anthropic.claude-v2%3A1/invoke";
  SigningRequest once = SuiteRequest();
  once.path = "/model/anthropic.claude-v2%253A1/invoke";
  once.path_encoding = PathEncoding::kOnce;

  EXPECT_EQ(SignRequest(SuiteKeys(), request), SignRequest(SuiteKeys(), once));
}

TEST(AwsSigV4, TheHashOfTheBodyIsSentAndSigned) {
  SigningRequest request = SuiteRequest();
  request.method = "POST";
  request.content_type = "application/json";
  request.payload = {"Param1=value1"};
  request.sends_payload_hash = true;

  const std::string lines = SignRequest(SuiteKeys(), request);

  EXPECT_THAT(lines, HasSubstr("x-amz-content-sha256: "
                               "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
                               "\r\n"));
  EXPECT_THAT(lines, HasSubstr("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date,"));
}

TEST(AwsSigV4, TheBodysPiecesAreOneBody) {
  SigningRequest pieces = SuiteRequest();
  pieces.payload = {"{\"a\"", ":1}"};
  SigningRequest whole = SuiteRequest();
  whole.payload = {"{\"a\":1}"};

  EXPECT_EQ(SignRequest(SuiteKeys(), pieces), SignRequest(SuiteKeys(), whole));
}

TEST(AwsSigV4, TheSecretIsNotInTheLines) {
  const AwsKeys keys = SuiteKeys();

  EXPECT_THAT(SignRequest(keys, SuiteRequest()), Not(HasSubstr(keys.secret_access_key)));
}

}  // namespace
}  // namespace lmgate::credential
