using Flotilla.Engine.Images;
using Grpc.Core;

namespace Flotilla.Engine.Tests.Images;

public sealed class PullRefusalTests
{
    [Theory]
    [InlineData("failed to resolve reference: pull access denied, insufficient_scope: authorization failed", false, 404, "pull access denied for localhost:5000/web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied")]
    [InlineData("pulling from host localhost:5000 failed with status code [manifests 1]: 401 Unauthorized", false, 500, "Head \"http://localhost:5000/v2/web/manifests/1\": no basic auth credentials")]
    [InlineData("pulling from host localhost:5000 failed with status code [manifests 1]: 401 Unauthorized", true, 500, "Head \"http://localhost:5000/v2/web/manifests/1\": unauthorized: authentication required")]
    [InlineData("localhost:5000/web:1: not found", false, 404, "manifest for localhost:5000/web:1 not found: manifest unknown: manifest unknown")]
    [InlineData("failed to do request: Head \"http://localhost:5000/v2/\": connection refused", false, 500, "Head \"http://localhost:5000/v2/\": connection refused")]
    public void Containerds_words_become_dockers(string said, bool isLoggedIn, int code, string message)
    {
        var refused = PullRefusal.Of(ImageReference.Of("localhost:5000/web:1"), new RpcException(new Status(StatusCode.Unknown, said)), isLoggedIn);
        Assert.Equal((code, message), (refused.Code, refused.Message));
    }
}
