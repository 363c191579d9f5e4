using Flotilla.Engine.Events;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Engine.Tests.Events;

public sealed class EventTests
{
    private static readonly EngineEvent Container = Event("container", "exec_start: sh", "c1", ("name", "web"), ("image", "shop:1"), ("tier", "front"));
    private static readonly EngineEvent Image = Event("image", "pull", "shop:1", ("name", "shop"));
    private static readonly EngineEvent Service = Event("service", "update", "s1", ("name", "shop_web")) with { Scope = EngineEvent.Swarm };

    [Theory]
    [InlineData("{}", "cis")]
    [InlineData("""{"type":["image","service"]}""", "is")]
    [InlineData("""{"event":["exec_start"]}""", "c")]
    [InlineData("""{"event":["pull","update"]}""", "is")]
    [InlineData("""{"container":["web"]}""", "c")]
    [InlineData("""{"container":["c1","x"]}""", "c")]
    [InlineData("""{"container":["we"]}""", "c")]
    [InlineData("""{"image":["shop"]}""", "ci")]
    [InlineData("""{"image":["shop:1"]}""", "ci")]
    [InlineData("""{"image":["sho"]}""", "")]
    [InlineData("""{"label":["tier=front"]}""", "c")]
    [InlineData("""{"scope":["swarm"]}""", "s")]
    [InlineData("""{"service":["shop_web"]}""", "s")]
    public void Filters_take_what_they_mean(string filters, string taken)
    {
        var parsed = EventFilters.Parse(filters);
        Assert.Equal(taken, string.Concat(((EngineEvent[])[Container, Image, Service]).Where(happened => EventFilters.Show(parsed, happened)).Select(happened => happened.Type[0])));
    }

    [Fact]
    public void The_log_keeps_the_last_ones_and_tells_listeners_the_rest_without_a_gap()
    {
        var log = new EventLog(new FakeTimeProvider());
        for (var count = 0; count < 300; count++)
        {
            log.Add("volume", "create", $"v{count}");
        }

        var (past, future) = log.Listen();
        log.Add("node", "update", "n1", EngineEvent.Swarm, []);
        Assert.Equal((256, "v44", "v299"), (past.Count, past[0].Id, past[^1].Id));
        Assert.True(future.Reader.TryRead(out var next));
        Assert.Equal(("n1", "swarm"), (next.Id, next.Scope));
        log.Forget(future);
        Assert.Equal(0, log.Listeners);
    }

    [Fact]
    public void A_containers_event_says_its_image_as_old_clients_read_it()
    {
        var view = Container.View();
        Assert.Equal(("shop:1", "exec_start: sh", "local"), ((string)view["from"]!, (string)view["status"]!, (string)view["scope"]!));
    }

    private static EngineEvent Event(string type, string action, string id, params (string Name, string Value)[] attributes) =>
        new(type, action, id, EngineEvent.Local, attributes.ToDictionary(pair => pair.Name, pair => pair.Value), DateTime.UnixEpoch);
}
