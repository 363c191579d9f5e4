using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Tests.Printing;

public sealed class CellsTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(200, "3m20s")]
    [InlineData(600, "10m")]
    [InlineData(3 * 3600, "3h")]
    [InlineData((5 * 3600) + (7 * 60), "5h7m")]
    [InlineData(30 * 3600, "30h")]
    [InlineData(3 * 86400, "3d")]
    [InlineData(400 * 86400, "400d")]
    [InlineData(800 * 86400, "2y70d")]
    public void Words_ages_like_kubectl(long seconds, string text) => Assert.Equal(text, Cells.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"c","ready":true,"restartCount":2,"state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2026-03-04T11:59:00Z"}}}]}""", "1/1", "Running", "2 (60s ago)")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"name":"c","ready":false,"restartCount":0,"state":{"waiting":{"reason":"ErrImagePull"}}}]}""", "0/1", "ErrImagePull", "0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"c","ready":false,"restartCount":0,"state":{"terminated":{"exitCode":3}}}]}""", "0/1", "ExitCode:3", "0")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"name":"c","ready":false,"restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1", "Completed", "0")]
    [InlineData("""{"phase":"Pending"}""", "0/1", "Pending", "0")]
    public void Sums_up_pods(string status, string ready, string word, string restarts) =>
        Assert.Equal(["p", ready, word, restarts, "2m"], Row(CoreKinds.Pod, $$"""{"metadata":{"name":"p","creationTimestamp":"2026-03-04T11:58:00Z"},"spec":{"containers":[{"name":"c"}]},"status":{{status}}}"""));

    [Fact]
    public void Shows_services() => Assert.Equal(
        ["s", "NodePort", "10.0.0.9", "<none>", "80:30080/TCP,53/UDP", "<unknown>"],
        Row(CoreKinds.Service, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","clusterIP":"10.0.0.9","ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}}"""));

    [Fact]
    public void Shows_what_a_deployment_has_and_wants() => Assert.Equal(
        ["d", "1/3", "2", "1", "<unknown>"],
        Row(AppsKinds.Deployment, """{"metadata":{"name":"d"},"spec":{"replicas":3},"status":{"readyReplicas":1,"updatedReplicas":2,"availableReplicas":1}}"""));

    private static List<string> Row(Kind kind, string item)
    {
        var json = (JsonObject)JsonNode.Parse(item)!;
        return [.. kind.Columns.Where(column => column.Priority == 0).Select(column => column.Cell(json, new ColumnContext(Given.Noon))?.ToString() ?? "")];
    }
}
