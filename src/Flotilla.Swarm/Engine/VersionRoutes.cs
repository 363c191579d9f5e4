using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Swarm.Members;
using Flotilla.Docker;

namespace Flotilla.Swarm.Engine;

/// <summary><c>docker version</c>.</summary>
internal sealed class VersionRoutes(IMember member)
{
    public IEnumerable<Route> All => [new("GET", "/version", (_, _) => Task.FromResult(DockerAnswer.Json(Version())))];

    private JsonObject Version()
    {
        var details = new JsonObject
        {
            ["ApiVersion"] = ApiVersion.Newest.ToString(),
            ["Arch"] = Machine.GoArchitecture,
            ["KernelVersion"] = Machine.KernelVersion,
            ["MinAPIVersion"] = ApiVersion.Oldest.ToString(),
            ["Os"] = "linux",
        };
        return new JsonObject
        {
            ["Platform"] = new JsonObject { ["Name"] = "Flotilla" },
            ["Components"] = new JsonArray(new JsonObject { ["Name"] = "Engine", ["Version"] = member.Options.Version, ["Details"] = details }),
            ["Version"] = member.Options.Version,
            ["ApiVersion"] = ApiVersion.Newest.ToString(),
            ["MinAPIVersion"] = ApiVersion.Oldest.ToString(),
            ["GitCommit"] = "",
            ["GoVersion"] = "",
            ["Runtime"] = RuntimeInformation.FrameworkDescription,
            ["Os"] = "linux",
            ["Arch"] = Machine.GoArchitecture,
            ["KernelVersion"] = Machine.KernelVersion,
            ["BuildTime"] = "",
        };
    }
}
