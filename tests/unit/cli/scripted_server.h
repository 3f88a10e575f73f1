#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server.h>
#include <grpcpp/support/status.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lmgate::cli {

// A real gRPC server on a loopback port that says what a test told it to, for any method of any
// service, and remembers what it was asked. What has no script is UNIMPLEMENTED.
class ScriptedServer {
 public:
  ScriptedServer();
  ~ScriptedServer();

  // 127.0.0.1:PORT.
  const std::string& address() const { return address_; }

  // From now on, for a method as "KeyService/CreateKey". Several replies are given in turn, the
  // last one again and again.
  void Reply(const std::string& method, const google::protobuf::Message& reply);
  void Fail(const std::string& method, const grpc::Status& status);

  // All requests of a method so far.
  template <typename Request>
  std::vector<Request> Requests(const std::string& method) const {
    std::vector<Request> requests;
    for (const std::string& bytes : RequestBytes(method)) {
      requests.emplace_back().ParseFromString(bytes);
    }
    return requests;
  }
  // Methods in the order in which they were called.
  std::vector<std::string> Calls() const;
  // Of the newest call.
  std::multimap<std::string, std::string> Metadata() const;

  void Stop();

 private:
  class Service;

  std::vector<std::string> RequestBytes(const std::string& method) const;

  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace lmgate::cli
