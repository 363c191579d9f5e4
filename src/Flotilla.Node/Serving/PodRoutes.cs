using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Statistics;
using Microsoft.AspNetCore.Http;
using k8s.Models;

namespace Flotilla.Node.Serving;

/// <summary>The pods of the node: as the cluster wants them, and as they run.</summary>
internal sealed class PodRoutes(Func<IEnumerable<V1Pod>> pods, RuntimeView runtime)
{
    public IEnumerable<NodeRoute> All => [new("/pods", PodsAsync), new("/runningpods/", RunningAsync)];

    private Task PodsAsync(HttpContext context) => Answers.JsonAsync(context, List(pods().Select(pod =>
    {
        var item = JsonNode.Parse(ObjectJson.Encode(pod))!.AsObject();
        item.Remove("apiVersion");
        item.Remove("kind");
        return item;
    })));

    private Task RunningAsync(HttpContext context)
    {
        var items = runtime.Sandboxes.Where(sandbox => sandbox.State == PodSandboxState.SandboxReady).Select(sandbox => new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = sandbox.Metadata.Name, ["namespace"] = sandbox.Metadata.Namespace, ["uid"] = sandbox.Metadata.Uid },
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray([.. runtime.RunningIn(sandbox.Metadata.Uid).Select(container => new JsonObject
                {
                    ["name"] = container.Metadata.Name, ["image"] = container.ImageRef, ["resources"] = new JsonObject(),
                })]),
            },
            ["status"] = new JsonObject(),
        });
        return Answers.JsonAsync(context, List(items));
    }

    private static JsonObject List(IEnumerable<JsonObject> items) => new()
    {
        ["kind"] = "PodList", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]),
    };
}
