using System.Text.Json;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Autoscaling;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tests.Services.Control;

namespace Flotilla.Swarm.Tests.Services;

/// <summary>How many tasks an autoscaled service has after its spec was written anew.</summary>
public sealed class AutoscaledReplicasTests
{
    [Theory]
    [InlineData(5, 2, 2, 1, 8, 5)]
    [InlineData(5, 2, null, 1, 8, 5)]
    [InlineData(5, 2, 2, 1, 5, 5)]
    [InlineData(5, 2, 2, 5, 9, 5)]
    [InlineData(5, 2, 2, 1, 4, null)]
    [InlineData(5, 2, 2, 6, 9, null)]
    [InlineData(5, 4, 2, 1, 8, null)]
    public void The_number_that_was_chosen_stays_within_the_limits_unless_its_user_asks_for_another(int chosen, int told, int? asked, int least, int most, int? kept) =>
        Assert.Equal((ulong?)kept, AutoscalePlan.Kept(Spec(chosen, 1, 9), Spec(told, least, most), (ulong?)asked));

    [Fact]
    public void A_service_that_is_not_scaled_by_itself_has_what_its_spec_says()
    {
        Assert.Null(AutoscalePlan.Kept(Spec(5, 1, 9), Given.Service().Read, 2));
        Assert.Null(AutoscalePlan.Kept(Given.Service().Read, Spec(2, 1, 9), 2));
        Assert.Null(AutoscalePlan.Kept(Given.Service("""{"Global":{}}""").Read, Spec(2, 1, 9), 2));
    }

    [Fact]
    public void What_was_asked_for_is_remembered_when_another_number_is_taken()
    {
        var service = new SwarmService { Spec = JsonElement.Parse("""{"Name":"web","Mode":{"Replicated":{"Replicas":3}}}""") };
        service.RememberAsked();
        var scaled = service.With(7);

        Assert.Equal((7UL, 3UL), (scaled.Read.Mode!.Replicated!.Replicas, scaled.AskedReplicas));
    }

    private static ServiceSpec Spec(int replicas, int least, int most) => Given.Service(
        $$$"""{"Replicated":{"Replicas":{{{replicas}}}}}""",
        rest: $$""","Labels":{"flotilla.autoscale.min":"{{least}}","flotilla.autoscale.max":"{{most}}"}""").Read;
}
