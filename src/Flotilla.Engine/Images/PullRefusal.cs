using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Registries;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>Why a pull failed, in docker's words, from containerd's. Pure.</summary>
internal static class PullRefusal
{
    private const string NoRequest = "failed to do request: ";

    public static DockerException Of(ImageReference wanted, RpcException? failure, bool isLoggedIn)
    {
        var said = failure?.Status.Detail ?? "the pull was ended";
        if (Says(said, "insufficient_scope", "access denied", "403 Forbidden"))
        {
            return new DockerException(404, $"pull access denied for {ImageName.Familiar(wanted.Repository)}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied");
        }

        if (Says(said, "401 Unauthorized", "no basic auth credentials", "authorization failed"))
        {
            var page = new Uri(RegistryAddress.Of(wanted.Host), $"{wanted.Path}/manifests/{wanted.Digest ?? wanted.Tag}");
            return new DockerException(500, $"Head \"{page}\": {(isLoggedIn ? "unauthorized: authentication required" : "no basic auth credentials")}");
        }

        return said.Contains("not found", StringComparison.Ordinal)
            ? new DockerException(404, $"manifest for {ImageName.Familiar(wanted.Full)} not found: manifest unknown: manifest unknown")
            : new DockerException(500, said.LastIndexOf(NoRequest, StringComparison.Ordinal) is var at && at >= 0 ? said[(at + NoRequest.Length)..] : said);
    }

    private static bool Says(string text, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (text.Contains(word, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
