# The demonstration's client. From the checkout's root:
#   docker build -f deploy/sample/client.Dockerfile -t evenkeel-demo:0.1.0 .
FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN mvn -B -q -pl demo -am package dependency:copy-dependencies -DskipTests -Dspotless.check.skip \
      -Dmaven.javadoc.skip -Dmaven.source.skip -DincludeScope=runtime -DexcludeGroupIds=io.zonky.test.postgres \
 && mkdir -p /app/lib && cp demo/target/dependency/*.jar demo/target/evenkeel-demo-*.jar /app/lib/

FROM eclipse-temurin:17-jre
COPY --from=build /app/lib /app/lib
USER 10001
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-cp", "/app/lib/*", "io.evenkeel.demo.Demo"]
