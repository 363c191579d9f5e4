using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Tests.Kinds;

/// <summary>Devices and claims to them with one mistake, and what upstream says about it.</summary>
public sealed class DeviceRefusalTests
{
    private const string Request = "{\"name\":\"r\",\"exactly\":{\"deviceClassName\":\"c\"}}";

    [Fact]
    public void Taints_without_a_time_get_the_moment_they_came()
    {
        var slice = Given.Json("""{"spec":{"devices":[{"name":"a","taints":[{"key":"k","effect":"NoExecute"},{"key":"l","effect":"NoExecute","timeAdded":"2025-01-01T00:00:00Z"}]},{"name":"b"}]}}""");

        ResourceKinds.ResourceSlice.Date!(slice, Given.Noon);

        Assert.Equal(["2026-03-04T12:00:00Z", "2025-01-01T00:00:00Z"], slice["spec"]!["devices"]![0]!["taints"]!.AsArray().Select(taint => (string?)taint!["timeAdded"]));
    }

    [Theory]
    [InlineData("""{"requests":[R],"constraints":[{"requests":["r"],"matchAttribute":"d.io/a"}]}""", "")]
    [InlineData("""{"requests":[R],"constraints":[{"requests":["x"],"matchAttribute":"a"}]}""", "spec.devices.constraints[0].requests[0]: Invalid value: \"x\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'|spec.devices.constraints[0].matchAttribute: Invalid value: \"a\": a fully qualified name must be a domain and a name separated by a slash")]
    [InlineData("""{"requests":[R],"config":[{"requests":["r"]}]}""", "spec.devices.config[0].opaque: Required value")]
    [InlineData("""{"requests":[R],"config":[{"opaque":{"driver":"d.io","parameters":[1]}}]}""", "spec.devices.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object")]
    [InlineData("""{"requests":[{"name":"r","exactly":{"deviceClassName":"c","selectors":[{}],"tolerations":[{"operator":"Exists","value":"v","effect":"Never"}]}}]}""", "spec.devices.requests[0].exactly.selectors[0].cel: Required value|spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`|spec.devices.requests[0].exactly.tolerations[0].effect: Unsupported value: \"Never\": supported values: \"NoExecute\", \"NoSchedule\", \"None\"")]
    public void Refuses_a_claim(string devices, string errors) =>
        Assert.Equal(errors.Split('|', StringSplitOptions.RemoveEmptyEntries), Errors("resourceclaims", $$"""{"devices":{{devices.Replace("R", Request, StringComparison.Ordinal)}}}"""));

    [Theory]
    [InlineData("""{"name":"a","attributes":{"v":{"version":"1.2"},"none":{},"9":{"int":1}}}""", "spec.devices[0].attributes: Invalid value: \"9\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')|spec.devices[0].attributes[none]: Invalid value: \"\": exactly one value must be specified|spec.devices[0].attributes[v].version: Invalid value: \"1.2\": must be a string compatible with semver.org spec 2.0.0")]
    [InlineData("""{"name":"a","capacity":{"m":{"value":"10","requestPolicy":{"default":"1"}}}}""", "spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true")]
    [InlineData("""{"name":"a","allowMultipleAllocations":true,"capacity":{"m":{"value":"10","requestPolicy":{"default":"3","validRange":{"min":"2","step":"2"}}}}}""", "spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: \"3\": value is not a multiple of a given step (2) from (2)")]
    [InlineData("""{"name":"a","allowMultipleAllocations":true,"capacity":{"m":{"value":"10","requestPolicy":{"default":"3","validValues":["4","2","11"]}}}}""", "spec.devices[0].capacity[m].requestPolicy.validValues[1]: Invalid value: \"2\": values must be sorted in ascending order|spec.devices[0].capacity[m].requestPolicy.validValues[2]: Invalid value: \"11\": option is larger than capacity value: 10|spec.devices[0].capacity[m].requestPolicy.validValues: Invalid value: \"3\": default value is not valid according to the requestPolicy")]
    [InlineData("""{"name":"a","taints":[{"key":"k"}],"consumesCounters":[{"counterSet":"s"}]}""", "spec.devices[0].taints[0].effect: Required value|spec.devices[0].consumesCounters[0].counters: Required value")]
    [InlineData("""{"name":"a","nodeName":"n"}""", "spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec")]
    [InlineData("""{"name":"a","bindingFailureConditions":["f"]}""", "spec.devices[0].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions")]
    public void Refuses_a_device(string device, string errors) => Assert.Equal(
        errors.Split('|'), Errors("resourceslices", $$"""{"driver":"d.io","nodeName":"n","pool":{"name":"p","resourceSliceCount":1},"devices":[{{device}}]}"""));

    [Theory]
    [InlineData("{}", """{"reservedFor":[{"resource":"pods","name":"p","uid":"1"}]}""", "status.reservedFor: Forbidden: may not be specified when `allocated` is not set")]
    [InlineData("{}", """{"allocation":{"devices":{"results":[{"request":"x","driver":"d.io","pool":"p","device":"a"}]}}}""", "status.allocation.devices.results[0].request: Invalid value: \"x\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")]
    [InlineData("{}", """{"devices":[{"driver":"d.io","pool":"p","device":"a"}]}""", "status.devices[0]: Invalid value: \"d.io/p/a\": must be an allocated device in the claim")]
    [InlineData("""{"allocation":{}}""", """{"allocation":{"nodeSelector":{}}}""", "status.allocation: Invalid value: {\"nodeSelector\":{}}: field is immutable")]
    public void Refuses_a_status(string before, string after, string error)
    {
        var check = Given.Kind("resourceclaims").Parts[Subresource.StatusName].Check;
        Assert.Equal([error], check(Claim(after), Claim(before)).Select(found => found.ToString()));
    }

    [Fact]
    public void Refuses_a_class() => Assert.Equal(
        ["spec.selectors[0].cel: Required value", "spec.extendedResourceName: Invalid value: \"cpu\": must be a valid extended resource name"],
        Errors("deviceclasses", """{"selectors":[{}],"extendedResourceName":"cpu"}"""));

    [Theory]
    [InlineData("device.driver == 'd.io' && device.attributes['d.io'].model == 'a' && device.capacity['d.io'].memory.isGreaterThan(quantity('1Gi'))", "")]
    [InlineData("cel.bind(own, device.attributes['d.io'], own.version.isGreaterThan(semver('1.0.0')))", "")]
    [InlineData("device.attributes['d.io'].model", "")]
    [InlineData("device.color == 'red'", "Invalid value: \"device.color == 'red'\": compilation failed: ERROR: <input>:1:7: undefined field 'color'\n | device.color == 'red'\n | ......^")]
    [InlineData("device.driver", "Invalid value: \"device.driver\": must evaluate to bool or the unknown type, not string")]
    [InlineData("device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a + b + c + d != ''))))", "Forbidden: too complex, exceeds cost limit")]
    public void Compiles_the_expressions_that_choose_devices(string expression, string error)
    {
        var selectors = $$"""[{"cel":{"expression":"{{expression}}"} }]""";
        Assert.Equal(error.Length == 0 ? [] : ["spec.selectors[0].cel.expression: " + error], Errors("deviceclasses", $$"""{"selectors":{{selectors}} }"""));
        Assert.Equal(
            error.Length == 0 ? [] : ["spec.devices.requests[0].exactly.selectors[0].cel.expression: " + error],
            Errors("resourceclaims", $$"""{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","selectors":{{selectors}} } }] } }"""));
    }

    private static IEnumerable<string> Errors(string plural, string spec)
    {
        var kind = Given.Kind(plural);
        return Given.Errors(kind, Given.Created(kind, $$"""{"metadata":{"name":"x"},"spec":{{spec}}}"""));
    }

    private static System.Text.Json.Nodes.JsonObject Claim(string status) => Given.Json($$"""{"metadata":{},"spec":{"devices":{"requests":[{"name":"r"}]} },"status":{{status}}}""");
}
