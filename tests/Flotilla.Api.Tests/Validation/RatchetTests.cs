using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Tests.Validation;

/// <summary>What an object may keep that a new one may not have: each case is a change of an object that breaks the rule, once before and once only after.</summary>
public sealed class RatchetTests
{
    private const string Term = "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"-\"]}]}";
    private const string Hook = "\"sideEffects\":\"None\",\"clientConfig\":{\"url\":\"https://a\"},\"admissionReviewVersions\":[\"v1\"]";
    private const string Claim = "\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1\"}}";

    [Theory]
    [InlineData("pods", "{}", "{\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"t\"," + Term + "}]}}}")]
    [InlineData("pods", "{}", """{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":["-"]}]}]}}}}""")]
    [InlineData("pods", "{}", "{\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"t\",\"whenUnsatisfiable\":\"DoNotSchedule\"," + Term + "}]}")]
    [InlineData("pods", "{}", """{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"t","whenUnsatisfiable":"DoNotSchedule","matchLabelKeys":["k"]}]}""")]
    [InlineData("pods", "{}", """{"hostNetwork":true,"securityContext":{"sysctls":[{"name":"net.x","value":"1"}]}}""")]
    [InlineData("pods", "{}", """{"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"../a"}}]}}],"serviceAccountName":"s"}""")]
    [InlineData("pods", "{}", """{"hostAliases":[{"ip":"010.0.0.1","hostnames":["h"]}]}""")]
    [InlineData("pods", "{}", """{"tolerations":[{"key":"k","operator":"Lt","value":"1"}]}""")]
    [InlineData("poddisruptionbudgets", """{"minAvailable":1,"selector":{}}""", """{"minAvailable":1,"selector":{"matchExpressions":[{"key":"k","operator":"In","values":["-"]}]}}""")]
    [InlineData("networkpolicies", """{"podSelector":{}}""", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"010.0.0.0/8"}}]}]}""")]
    [InlineData("services", """{"ports":[{"port":80}]}""", """{"ports":[{"port":80}],"externalIPs":["010.0.0.1"]}""")]
    [InlineData("ingresses", """{"rules":[{"host":"a"}]}""", """{"rules":[{"host":"*a.b"}]}""")]
    [InlineData("ingresses", """{"rules":[{"host":"a"}]}""", """{"rules":[{"host":"a"}],"tls":[{"secretName":"A"}]}""")]
    [InlineData("persistentvolumeclaims", "{" + Claim + "}", "{" + Claim + ",\"dataSource\":{\"kind\":\"K\",\"name\":\"n\",\"apiGroup\":\"A_b\"}}")]
    public void A_spec_may_stay_as_wrong_as_it_was(string plural, string good, string bad) => Judge(plural, Spec(plural, good), Spec(plural, bad));

    [Theory]
    [InlineData("{\"name\":\"a.b.c\"," + Hook + "}", "{\"name\":\"a.b.c\"," + Hook + ",\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"-\"]}]}}")]
    [InlineData("{\"name\":\"a.b.c\"," + Hook + "}", "{\"name\":\"a.b.c\"," + Hook + "},{\"name\":\"a.b.c\"," + Hook + "}")]
    [InlineData("{\"name\":\"a.b.c\"," + Hook + "}", """{"name":"a.b.c","sideEffects":"Some","clientConfig":{"url":"https://a"},"admissionReviewVersions":["v1"]}""")]
    [InlineData("{\"name\":\"a.b.c\"," + Hook + "}", """{"name":"a.b.c","sideEffects":"None","clientConfig":{"url":"https://a"},"admissionReviewVersions":["v9"]}""")]
    public void Webhooks_may_stay_as_they_were(string good, string bad) => Judge("validatingwebhookconfigurations", "{\"webhooks\":[" + good + "]}", "{\"webhooks\":[" + bad + "]}");

    [Fact]
    public void Another_wrong_value_is_refused()
    {
        var kind = Given.Kind("services");
        var (old, item) = (Made(kind, Spec("services", """{"ports":[{"port":80}],"externalIPs":["010.0.0.1"]}""")), Made(kind, Spec("services", """{"ports":[{"port":80}],"externalIPs":["010.0.0.2"]}""")));

        Assert.Equal(["spec.externalIPs[0]: Invalid value: \"010.0.0.2\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"], Errors(kind, item, old));
    }

    [Fact]
    public void What_was_never_tolerated_stays_refused()
    {
        var kind = Given.Kind("poddisruptionbudgets");
        var old = Made(kind, Spec("poddisruptionbudgets", """{"minAvailable":-1,"selector":{"matchLabels":{"k":"-"}}}"""));

        Assert.Equal(2, Errors(kind, old.Copy(), old).Count);
    }

    private static void Judge(string plural, string good, string bad)
    {
        var kind = Given.Kind(plural);
        var (fine, wrong) = (Made(kind, good), Made(kind, bad));
        var changed = wrong.Copy();
        changed.Child("metadata")["labels"] = new JsonObject { ["changed"] = "yes" };

        Assert.NotEmpty(kind.Validate!(wrong, null));
        Assert.Contains(Errors(kind, wrong, fine), error => !error.Contains("may not change", StringComparison.Ordinal));
        Assert.Empty(Errors(kind, changed, wrong));
    }

    private static string Spec(string plural, string spec) => plural == "pods"
        ? "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]," + spec[1..].TrimStart('}') + (spec == "{}" ? "\"restartPolicy\":\"Always\"}}" : "}")
        : "{\"spec\":" + spec + "}";

    private static JsonObject Made(Kind kind, string text) => Given.Created(kind, """{"metadata":{"name":"x"},""" + text[1..]);

    private static List<string> Errors(Kind kind, JsonObject item, JsonObject old) =>
        [.. Ratchet.Tolerate(kind.Validate!(item, old), () => kind.Validate!(old, old)).Select(error => error.ToString())];
}
