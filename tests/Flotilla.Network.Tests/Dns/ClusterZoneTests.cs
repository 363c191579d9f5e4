using System.Buffers.Binary;
using System.Net;
using Flotilla.Api.Services;
using Flotilla.Network.Dns;
using k8s.Models;

namespace Flotilla.Network.Tests.Dns;

public sealed class ClusterZoneTests
{
    private readonly ClusterZone zone = new("cluster.local", new ListDirectory(
        [
            Given.Service("web", "10.96.0.7", null, Given.Port(80, "http"), Given.Port(53, "dns", "UDP")),
            Given.Service("db", null, null, Given.Port(5432, "pg")),
            Given.Service("empty", null),
            Given.Service("my-task", "10.96.0.8", service => service.Metadata.Annotations = new Dictionary<string, string> { [ServiceAnnotations.DnsNames] = "my_task.net1.swarm task.net1.swarm" }),
            Given.Service("outside", "", service =>
            {
                service.Spec.Type = "ExternalName";
                service.Spec.ExternalName = "example.com.";
            }),
        ],
        [
            Given.NamedSlice("my-task", 1, "any", "TCP", Given.Endpoint("10.244.0.8"), Given.Endpoint("10.244.0.9")),
            Given.NamedSlice("db", 5432, "pg", "TCP",
                Given.Endpoint("10.244.0.5", hostname: "db-0"), Given.Endpoint("10.244.0.6"), Given.Endpoint("10.244.0.7", ready: false)),
        ]));

    [Theory]
    [InlineData("web.default.svc.cluster.local", RecordType.A, "NoError A 10.96.0.7")]
    [InlineData("WEB.default.SVC.cluster.local", RecordType.A, "NoError A 10.96.0.7")]
    [InlineData("web.default.svc.cluster.local", RecordType.Aaaa, "NoError")]
    [InlineData("web.other.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("none.default.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("web.default.svc.cluster.local.default.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("example.com.default.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("default.svc.cluster.local", RecordType.A, "NoError")]
    [InlineData("nowhere.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("svc.cluster.local", RecordType.A, "NoError")]
    [InlineData("cluster.local", RecordType.A, "NoError")]
    [InlineData("db.default.svc.cluster.local", RecordType.A, "NoError A 10.244.0.5 A 10.244.0.6")]
    [InlineData("empty.default.svc.cluster.local", RecordType.A, "NoError")]
    [InlineData("db-0.db.default.svc.cluster.local", RecordType.A, "NoError A 10.244.0.5")]
    [InlineData("10-244-0-6.db.default.svc.cluster.local", RecordType.A, "NoError A 10.244.0.6")]
    [InlineData("10-244-0-7.db.default.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", RecordType.Srv, "NoError Srv 80 web.default.svc.cluster.local")]
    [InlineData("_dns._udp.web.default.svc.cluster.local", RecordType.Srv, "NoError Srv 53 web.default.svc.cluster.local")]
    [InlineData("_http._udp.web.default.svc.cluster.local", RecordType.Srv, "NameError")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", RecordType.A, "NoError")]
    [InlineData(
        "_pg._tcp.db.default.svc.cluster.local", RecordType.Srv,
        "NoError Srv 5432 db-0.db.default.svc.cluster.local Srv 5432 10-244-0-6.db.default.svc.cluster.local")]
    [InlineData("10-244-0-9.default.pod.cluster.local", RecordType.A, "NoError A 10.244.0.9")]
    [InlineData("10-244-0.default.pod.cluster.local", RecordType.A, "NameError")]
    [InlineData("outside.default.svc.cluster.local", RecordType.CName, "NoError CName example.com")]
    [InlineData("outside.default.svc.cluster.local", RecordType.A, "NoError CName example.com")]
    [InlineData("my_task.net1.swarm.cluster.local", RecordType.A, "NoError A 10.96.0.8")]
    [InlineData("Task.net1.swarm.cluster.local", RecordType.A, "NoError A 10.96.0.8")]
    [InlineData("task.net2.swarm.cluster.local", RecordType.A, "NameError")]
    [InlineData("tasks.task.net1.swarm.cluster.local", RecordType.A, "NoError A 10.244.0.8 A 10.244.0.9")]
    [InlineData("tasks.my-task.default.svc.cluster.local", RecordType.A, "NoError A 10.244.0.8 A 10.244.0.9")]
    [InlineData("tasks.web.default.svc.cluster.local", RecordType.A, "NameError")]
    [InlineData("7.0.96.10.in-addr.arpa", RecordType.Ptr, "NoError Ptr web.default.svc.cluster.local")]
    [InlineData("5.0.244.10.in-addr.arpa", RecordType.Ptr, "NoError Ptr db-0.db.default.svc.cluster.local")]
    [InlineData("1.1.1.1.in-addr.arpa", RecordType.Ptr, "forward")]
    [InlineData("example.com", RecordType.A, "forward")]
    [InlineData("notcluster.local", RecordType.A, "forward")]
    public void Names_are_answered_as_the_specification_says(string name, RecordType type, string expected)
    {
        Assert.True(DnsQuery.TryParse(DnsMessages.Question(name, type), out var query));
        var answer = zone.Answer(query);

        Assert.Equal(expected, answer is null ? "forward" : string.Join(' ', answer.Answers.Select(Show).Prepend(answer.Code.ToString())));
        Assert.True(answer is null || answer.Answers.Count > 0 || answer.Authority.Count == 1);
    }

    [Fact]
    public void An_srv_answer_brings_the_addresses_along()
    {
        DnsQuery.TryParse(DnsMessages.Question("_pg._tcp.db.default.svc.cluster.local", RecordType.Srv), out var query);

        Assert.Equal(["A 10.244.0.5", "A 10.244.0.6"], zone.Answer(query)!.Additional.Select(Show));
    }

    [Fact]
    public void Before_the_cluster_is_known_no_name_is_denied()
    {
        DnsQuery.TryParse(DnsMessages.Question("web.default.svc.cluster.local", RecordType.A), out var query);

        Assert.Equal(
            ResponseCode.ServerFailure,
            new ClusterZone("cluster.local", new ListDirectory([], []) { IsReady = false }).Answer(query)!.Code);
    }

    private static string Show(DnsRecord record) => record.Type switch
    {
        RecordType.A or RecordType.Aaaa => $"{record.Type} {new IPAddress(record.Data)}",
        RecordType.Srv => $"Srv {BinaryPrimitives.ReadUInt16BigEndian(record.Data.AsSpan(4))} {DnsMessages.ReadName(record.Data, 6, out _)}",
        _ => $"{record.Type} {DnsMessages.ReadName(record.Data, 0, out _)}",
    };
}
