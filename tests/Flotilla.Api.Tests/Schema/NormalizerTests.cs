using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Tests.Schema;

public sealed class NormalizerTests
{
    [Fact]
    public void Removes_unknown_fields_and_names_them()
    {
        var pod = Given.Json("""{"metadata":{"name":"a"},"spec":{"nope":1,"containers":[{"name":"c","imag":"x"}]}}""");
        var normalizer = new Normalizer();

        normalizer.Normalize(pod, CoreKinds.Pod.Schema);

        Assert.Equal(["spec.nope", "spec.containers[0].imag"], normalizer.UnknownFields);
        Given.Same("""{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}}""", pod);
    }

    [Fact]
    public void Writes_quantities_in_canonical_form()
    {
        var pod = Given.Json("""{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":1,"memory":"1024Mi"}}}]}}""");

        new Normalizer().Normalize(pod, CoreKinds.Pod.Schema);

        Given.Same("""{"cpu":"1","memory":"1Gi"}""", pod["spec"]!["containers"]![0]!["resources"]!["limits"]);
    }

    [Theory]
    [InlineData("""{"spec":{"containers":"c"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container")]
    [InlineData("""{"spec":{"hostNetwork":"yes"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool")]
    public void Says_which_field_has_the_wrong_type(string pod, string message) =>
        Assert.Equal(message, Assert.Throws<DecodeException>(() => new Normalizer().Normalize(Given.Json(pod), CoreKinds.Pod.Schema)).Message);

    [Fact]
    public void Refuses_bytes_that_are_not_base64() =>
        Assert.Equal("illegal base64 data at input byte 0", Assert.Throws<DecodeException>(() => new Normalizer().Normalize(Given.Json("""{"data":{"a":"***"}}"""), CoreKinds.Secret.Schema)).Message);

    [Fact]
    public void Sends_what_clients_rely_on_even_when_empty()
    {
        var budget = Given.Json("""{"metadata":{"name":"b"}}""");

        new Normalizer().Normalize(budget, PolicyKinds.PodDisruptionBudget.Schema);

        Assert.Equal(0, (long)budget["status"]!["expectedPods"]!);
    }
}
